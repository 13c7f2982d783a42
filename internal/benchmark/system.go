package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpuTime is what processes have used since they began, in user and system mode, of all
// their threads. It counts in ticks, so it wants seconds to say something.
func cpuTime(pids []int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, fmt.Errorf("the CPU time of process %d (this takes Linux, and a process that runs): %w", pid, err)
		}
		t, err := parseStat(stat)
		if err != nil {
			return 0, err
		}
		sum += t
	}
	return sum, nil
}

// parseStat adds up utime and stime of a /proc/PID/stat (see proc_pid_stat(5)). The
// program's name, in parentheses, may hold spaces and parentheses itself.
func parseStat(stat []byte) (time.Duration, error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields after the name, want at least 13", len(fields))
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// commitSize is what a durable commit is compared with: one page of a database.
const commitSize = 4096

// commits appends and syncs n times in a file of its own in dir, and returns how long
// each took.
func commits(dir string, n int) (took []time.Duration, err error) {
	f, err := os.Create(filepath.Join(dir, "commits"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	page := bytes.Repeat([]byte{1}, commitSize)
	for range n {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// number is what figures are made of.
type number interface{ ~int64 | ~float64 }

// median returns the middle of values, which it sorts.
func median[N number](values []N) N {
	slices.Sort(values)
	return quantile(values, 0.5)
}

// quantile returns the value in sorted that a share q of all is at or below, or 0 where
// there is none.
func quantile[N number](sorted []N, q float64) N {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
