// Package tui is the live view: what a person leaves open all day in a terminal, to see
// at a glance whether webhooks arrive and whether the app takes them, and to act on one
// without leaving.
//
// Run shows it until the person quits. The view reads two things: the updates of a
// session, as they happen, and the history, a window of rows at a time. It never slows a
// session down: an activity.Bus drops what a slow view can't take, and the history is
// read outside of writers' way.
//
// The program follows bubbletea's rules. The root holds the state, and small children
// have a file each: header, list, detail, filterBar, toast, and the overlays (help, info,
// menu, prompt, picker). Update changes state and does no I/O; whatever waits is a
// command, and what a command brings is a message of messages.go, which says who sends
// it. A result that comes too late carries the number of a generation that has passed,
// and is dropped.
//
// Text that came over the network becomes lines by way of term.Sanitize, and only such
// lines are drawn.
package tui
