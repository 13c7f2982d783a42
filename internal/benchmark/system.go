package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpuTime is what processes and their children have used since they began, in user and
// system mode, of all their threads. It counts in ticks, so it wants seconds to say
// something. The children are those of nginx, whose first process only starts the others.
func cpuTime(pids []int) (time.Duration, error) {
	if len(pids) == 0 {
		return 0, nil
	}
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	found := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // another process has ended in between
		}
		s, err := parseStat(text)
		if err != nil {
			return 0, err
		}
		if slices.Contains(pids, s.pid) {
			found++
		} else if !slices.Contains(pids, s.parent) {
			continue
		}
		sum += s.cpu
	}
	if found != len(pids) {
		return 0, fmt.Errorf("%d of the processes %v are in /proc: has one ended, or is this no Linux?", found, pids)
	}
	return sum, nil
}

// processStat is what a /proc/PID/stat says.
type processStat struct {
	pid, parent int
	cpu         time.Duration // in user and system mode
}

// parseStat reads a /proc/PID/stat (see proc_pid_stat(5)). The program's name, in
// parentheses, may hold spaces and parentheses itself.
func parseStat(stat []byte) (processStat, error) {
	var s processStat
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return s, fmt.Errorf("/proc/PID/stat has %d fields after the name, want at least 13", len(fields))
	}
	pid, _, _ := bytes.Cut(stat, []byte(" "))
	var errs [4]error
	var user, system int
	s.pid, errs[0] = strconv.Atoi(string(pid))
	s.parent, errs[1] = strconv.Atoi(string(fields[1]))
	user, errs[2] = strconv.Atoi(string(fields[11]))
	system, errs[3] = strconv.Atoi(string(fields[12]))
	s.cpu = time.Duration(user+system) * tick
	return s, errors.Join(errs[:]...)
}

// resident is how much memory a process has, in bytes (proc(5), VmRSS).
func resident(pid int) (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no VmRSS", f.Name())
}

func system() string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease") // a system without it is named all the same
	return fmt.Sprintf("%s/%s %s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, bytes.TrimSpace(kernel), runtime.NumCPU(), runtime.Version())
}

// loadAverage is how many processes ran or wanted to, on average of the last minute, or 0
// where there is no such figure.
func loadAverage() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return load
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
