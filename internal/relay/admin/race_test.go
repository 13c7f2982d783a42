//go:build race

package admin_test

// raceDetector makes SQLite about ten times slower, as it is Go code as well.
const raceDetector = true
