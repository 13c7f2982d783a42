package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	// The tests build and start the program: without this, go test would not know that
	// their results depend on it, and might show old ones.
	_ "github.com/solatis/solatis-cli/internal/cli"
	"go.uber.org/goleak"
)

// root is the module's root, seen from this package's folder.
var root = filepath.Join("..", "..")

// The programs under test.
var (
	solatisProgram string
	nethttpProgram string
)

func TestMain(m *testing.M) {
	bin, err := os.MkdirTemp("", "solatis-e2e-")
	if err == nil {
		solatisProgram, err = build(bin, "./cmd/solatis")
	}
	if err == nil {
		nethttpProgram, err = build(bin, "./docs/handlers/nethttp")
	}
	if err != nil {
		os.RemoveAll(bin)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(bin)
		os.Exit(code)
	}))
}

// build builds a program of the module into the folder bin.
func build(bin, pkg string) (program string, err error) {
	program = filepath.Join(bin, filepath.Base(pkg))
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	args := []string{"build", "-o", program}
	if raceDetector() {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return program, nil
}

// raceDetector reports whether the tests themselves were built with the race detector,
// which takes a C compiler that not every machine has.
func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}
