// Package e2e tests the real binaries from outside: solatis with the example handlers of
// docs/handlers, and solatis killed at random instants.
package e2e
