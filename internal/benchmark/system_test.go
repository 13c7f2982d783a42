package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	got, err := parseStat([]byte("7 (a) b (c) S 1 7 7 0 -1 4194304 100 0 0 0 150 25 0 0 20 0 9 0 100"))
	if want := (processStat{pid: 7, parent: 1, cpu: 1750 * time.Millisecond}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, broken := range []string{"7 (a) S 1", "7 (a) S 1 7 7 0 -1 4194304 100 0 0 0 x 25", "? (a) S 1 7 7 0 -1 4194304 100 0 0 0 1 25"} {
		if _, err := parseStat([]byte(broken)); err == nil {
			t.Errorf("%q has no error", broken)
		}
	}
}

func TestCPUTime(t *testing.T) {
	if got, err := cpuTime(nil); got != 0 || err != nil {
		t.Errorf("nothing in the middle costs %v, %v", got, err)
	}
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	if _, err := cpuTime([]int{os.Getpid()}); err != nil {
		t.Error(err)
	}
	const none = 1 << 30 // more than any process has
	if _, err := cpuTime([]int{os.Getpid(), none}); err == nil {
		t.Error("a process that isn't there has no error")
	}
}

// TestCPUTimeOfChildren has a shell's child work, which the shell itself doesn't.
func TestCPUTimeOfChildren(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; read wait) <&0; :")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "done\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if got, err := cpuTime([]int{cmd.Process.Pid}); err != nil || got < 2*tick {
		t.Errorf("a shell and its child that counted to 300,000 cost %v, %v", got, err)
	}
	in.Close()
	io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestResidentMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	if got, err := resident(os.Getpid()); err != nil || got < 1<<20 {
		t.Errorf("this process has %d bytes of memory, %v", got, err)
	}
}

func TestQuantile(t *testing.T) {
	sorted := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if got := quantile(sorted, 0.99); got != 10 {
		t.Errorf("p99 of ten is %v", got)
	}
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("median is %v", got)
	}
	if got := quantile([]float64(nil), 0.5); got != 0 {
		t.Errorf("median of nothing is %v", got)
	}
}
