// Package e2e tests the programs as people run them: real binaries, real processes, real
// handlers in three languages, and a session that is killed while it works. It has no
// code of its own outside the tests.
//
// The programs are built once, by TestMain, with the race detector if the tests have it;
// a race that one of them reports fails the test that started it.
package e2e
