// Benchmark measures solatis beside references, for scripts/bench. It runs itself again as
// the app, as the load and as the reverse proxy, so that each is a process of its own
// and what is between load and app can be accounted for by itself.
package main

import (
	"fmt"
	"os"
)

func main() {
	var err error
	switch command(os.Args) {
	case "app":
		err = app()
	case "proxy":
		err = proxy(os.Args[2])
	case "load":
		err = load(os.Args[2:])
	case "run":
		err = run(os.Args[2:])
	default:
		err = fmt.Errorf("use scripts/bench")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(args []string) string {
	if len(args) < 2 {
		return ""
	}
	return args[1]
}
