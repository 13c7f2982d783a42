//go:build linux

package netns

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	// The programs are built from these. Imported, they are among the test's own sources,
	// so that go test doesn't take a result from before a change of theirs.
	_ "github.com/solatis/solatis-cli/internal/cli"
	_ "github.com/solatis/solatis-cli/internal/relaycli"
)

// root is the module's root, seen from this package's folder.
var root = filepath.Join("..", "..")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// needs wants the machine to have what these tests take.
func needs(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		unavailable(t, "it takes root, which alone can make network namespaces")
	}
	for program, debian := range map[string]string{"ip": "iproute2", "nginx": "nginx-light"} {
		if _, err := exec.LookPath(program); err != nil {
			unavailable(t, "install "+program+" (Debian's "+debian+")")
		}
	}
}

// unavailable skips the test, or fails it under CI, where that would be a hole.
func unavailable(t *testing.T, advice string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal("can't run under CI: " + advice)
	}
	t.Skip(advice)
}
