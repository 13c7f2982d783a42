package folders

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// TestMain lets a test run this binary as a second process.
func TestMain(m *testing.M) {
	if path := os.Getenv("FOLDERS_TEST_SECRET"); path != "" {
		secret, _, err := LoadOrCreateSecret(path)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Print(secret.Reveal())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// secretProcess is a process that loads or creates the secret at path and prints it.
func secretProcess(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "FOLDERS_TEST_SECRET="+path)
	return cmd
}

// environment is an environment with only these variables.
func environment(pairs ...string) func(string) string {
	vars := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		vars[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return vars[name] }
}

// resolved are folders below a new temporary one.
func resolved(t *testing.T) Folders {
	t.Helper()
	f, err := Resolve(environment("SOLATIS_HOME", t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
