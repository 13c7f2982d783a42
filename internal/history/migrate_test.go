package history_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/solatis/solatis-cli/internal/delivery"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/sqlitedb"
)

// TestAHistoryOfSchema1GoesOn opens one with a request that was delivered once, and twice
// more because somebody asked for it.
func TestAHistoryOfSchema1GoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	db, err := sqlitedb.Open(t.Context(), path, sqlitedb.Options{Name: "history", Migrations: history.Migrations[:1]})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *sqlitedb.Tx) error {
		for _, statement := range []string{
			`INSERT INTO requests VALUES (7, 'req_old', 'a', 'e', 1, 1, 1000, 'evt_old', 'task.created', 'valid', 'forward', '', NULL, 0, x'00', x'a0', x'6f6c64')`,
			`INSERT INTO deliveries VALUES (3, 'dlv_one', 7, 'a', 'http://localhost:1', 'received', 'failed', 1000),
				(4, 'dlv_two', 7, '', 'http://localhost:1', 'replay', 'failed', 2000), (9, 'dlv_three', 7, '', 'http://localhost:1', 'replay', 'pending', 3000)`,
			`INSERT INTO attempts VALUES (3, 1, 1000, 5, 'answered', '', 500, 0, x'a0', x'6f'), (3, 2, 1001, 5, 'timeout', 'late', 0, 0, x'a0', NULL),
				(4, 1, 1002, 5, 'answered', '', 404, 1, x'a0', x'')`,
		} {
			if _, err := tx.Exec(statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	h := open(t, path)
	d, err := h.Show(t.Context(), "req_old")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range d.Deliveries {
		got = append(got, fmt.Sprint(d.ID, " ", d.State, " ", len(d.Attempts)))
	}
	if want := "[dlv_one failed 2 dlv_two failed 1 dlv_three pending 0]"; fmt.Sprint(got) != want {
		t.Errorf("the deliveries are %v, not %v", got, want)
	}
	if o := d.Deliveries[0].Attempts[0].Outcome; o.Status != 500 || string(o.Body) != "o" {
		t.Errorf("the first attempt ended with %+v", o)
	}
	if err := h.AddAttempt(t.Context(), "dlv_three", delivery.Attempt{Number: 1}, delivery.Succeeded); err != nil {
		t.Error(err)
	}
	if err := h.AddAttempt(t.Context(), "dlv_one", delivery.Attempt{Number: 2}, delivery.Succeeded); err == nil {
		t.Error("an attempt's number was used twice")
	}
}
