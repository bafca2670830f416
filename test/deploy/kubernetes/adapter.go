package main

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	prom "sigs.k8s.io/prometheus-adapter/pkg/client"
	"sigs.k8s.io/prometheus-adapter/pkg/config"
	"sigs.k8s.io/prometheus-adapter/pkg/naming"
)

// Reads a file of rules as prometheus-adapter does. Prints the series that it asks Prometheus for, the name of the metric that the series
// given by name becomes, and what is asked for its value of a pod.
func checkAdapterRules(args []string) {
	if len(args) != 2 {
		fail("adapter-rules FILE SERIES")
	}
	rules, err := config.FromFile(args[0])
	if err != nil {
		fail(err.Error())
	}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{{Version: "v1"}})
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, meta.RESTScopeRoot)
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, meta.RESTScopeNamespace)
	namers, err := naming.NamersFromConfig(rules.Rules, mapper)
	if err != nil {
		fail(err.Error())
	}
	for _, namer := range namers {
		metric, err := namer.MetricNameForSeries(prom.Series{Name: args[1]})
		if err != nil {
			fail(err.Error())
		}
		query, err := namer.QueryForSeries(args[1], schema.GroupResource{Resource: "pods"}, "vectors", labels.Everything(), "a-pod")
		if err != nil {
			fail(err.Error())
		}
		fmt.Printf("%s\n%s\n%s\n", namer.Selector(), metric, query)
	}
}
