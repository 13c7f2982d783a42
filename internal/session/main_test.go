package session

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/folders"
)

// TestMain lets a test run this binary as another session's process: it registers,
// prints its id, and lives until its stdin ends.
func TestMain(m *testing.M) {
	if os.Getenv("SESSION_TEST_PROCESS") == "" {
		os.Exit(m.Run())
	}
	f, err := folders.Resolve(os.Getenv)
	if err == nil {
		var reg *Registration
		if reg, err = Register(f, Info{Cwd: "."}); err == nil {
			fmt.Println(reg.Info().ID)
			bufio.NewReader(os.Stdin).ReadByte()
			os.Exit(0)
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

// process is a session in another process.
type process struct {
	id   string
	kill func()
}

func startProcess(t *testing.T, f folders.Folders) process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SESSION_TEST_PROCESS=1", "SOLATIS_HOME="+f.State)
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	t.Cleanup(func() { stdin.Close(); kill() })
	line, _, err := bufio.NewReader(stdout).ReadLine()
	if err != nil || !isID(string(line)) {
		t.Fatalf("the other session says %q, %v", line, err)
	}
	return process{id: string(line), kill: kill}
}

// resolved are folders below a new one whose path is short enough for sockets.
func resolved(t *testing.T) folders.Folders {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	f, err := folders.Resolve(func(name string) string {
		if name == "SOLATIS_HOME" {
			return dir
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func register(t *testing.T, f folders.Folders, info Info) *Registration {
	t.Helper()
	reg, err := Register(f, info)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reg.Close() })
	return reg
}

func live(t *testing.T, f folders.Folders) []Info {
	t.Helper()
	infos, err := Live(f)
	if err != nil {
		t.Fatal(err)
	}
	return infos
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
