"""What can be asked, once for the blocking client and the one for asyncio: each operation is a generator of steps."""
