// Package collector says how often this process collects its garbage.
//
// The runtime's own rule lets a heap double between two collections. That is too often for
// a small heap under load: that of a session or of a relay with few agents holds ten
// megabytes, most of them long-lived, and is collected dozens of times a second. It is too
// seldom for a large heap at rest, such as that of a relay with thousands of idle agents,
// which then holds as much garbage as it holds data.
//
// Tune therefore pretends that there are floor bytes more, and lets the heap grow by a
// smaller share: a heap of 10 MiB grows by 13 MiB before it is collected, one of 100 MiB by
// 40 MiB.
package collector

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	floor   = 32 << 20
	percent = 30
)

// ballast is never touched, so the system gives it no memory. It is here to be reachable.
var ballast []byte

// Tune is called once, at the start. The variable GOGC, where it is set, is obeyed instead.
func Tune() {
	if _, given := os.LookupEnv("GOGC"); given {
		return
	}
	ballast = make([]byte, floor)
	runtime.KeepAlive(ballast)
	debug.SetGCPercent(percent)
}
