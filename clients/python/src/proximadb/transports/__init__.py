"""Thin: each sends what it is told, once, and says what came back."""
