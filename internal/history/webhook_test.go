package history_test

import (
	"testing"

	"github.com/solatis/solatis-cli/internal/history"
)

func open(t testing.TB, path string) *history.History {
	t.Helper()
	h, err := history.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}
