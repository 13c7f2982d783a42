// Package sqlitedb opens SQLite databases the way solatis needs them: durable, safe with
// several processes, and fast by group commit.
//
// SQLite in WAL mode with synchronous=FULL makes each commit durable by one fsync, which
// costs more than all else. Update therefore gathers what concurrent callers want to
// write into one transaction: the more callers, the fewer fsyncs each.
//
// driver.go is the only file that knows the driver.
package sqlitedb
