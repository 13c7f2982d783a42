package admin_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/admin"
)

// FuzzRemoteDoor lets ann ask for anything. Whatever it is, the answer is JSON, no failure
// of the relay, has nothing of bob's, and bob still has what he had.
func FuzzRemoteDoor(f *testing.F) {
	m := newManager(f, f.TempDir())
	door := admin.RemoteHandler(m)
	_, ann := token(f, m, "ann", access.ScopeAdmin)
	openEndpoint(f, m, "ann", "shop")
	bobToken, _ := token(f, m, "bob", access.ScopeListen)
	bob := openEndpoint(f, m, "bob", "till")

	f.Add("GET", "/tokens", "", "")
	f.Add("POST", "/tokens", "", `{"scope":"listen","comment":"x","expires":"2030-01-01T00:00:00Z"}`)
	f.Add("POST", "/tokens", "owner=bob", `{"owner":"bob","scope":"admin"}`)
	f.Add("DELETE", "/tokens/BOBS-TOKEN", "", "")
	f.Add("DELETE", "/tokens/tok_%00", "", "")
	f.Add("GET", "/endpoints", "owner=ann&owner=bob", "")
	f.Add("GET", "/endpoints/BOBS-ENDPOINT", "owner=%62ob", "")
	f.Add("DELETE", "/endpoints/till", "owner=", "")
	f.Add("DELETE", "/endpoints/../endpoints/till", "", "")
	f.Add("POST", "/backup", "", "")
	f.Add("PATCH", "//", ";", "\xff")

	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		path = strings.ReplaceAll(strings.ReplaceAll(path, "BOBS-TOKEN", bobToken), "BOBS-ENDPOINT", bob)
		req := httptest.NewRequest("GET", "/", strings.NewReader(body))
		// As net/http would take it from the wire, but with less refused.
		req.Method, req.URL = method, &url.URL{Path: "/admin/v1" + path, RawQuery: query}
		req.Header.Set("Authorization", "Bearer "+ann)
		rec := httptest.NewRecorder()
		door.ServeHTTP(rec, req)
		answer := rec.Body.String()
		redirect := rec.Code/100 == 3 // to the path as it should have been written
		if rec.Code >= 500 || !redirect && !json.Valid([]byte(answer)) {
			t.Errorf("%d %q", rec.Code, answer)
		}
		if !strings.Contains(path, bob) && strings.Contains(answer, bob) || !strings.Contains(path, bobToken) && strings.Contains(answer, bobToken) {
			t.Errorf("ann is told of what is bob's: %q", answer)
		}
		if ok, _ := m.Registry.Endpoint(t.Context(), bob); !ok {
			t.Fatal("bob's endpoint is gone")
		}
		if all, err := m.Registry.Tokens(t.Context(), "bob"); err != nil || len(all) != 1 || all[0].State(noon) != "valid" {
			t.Fatalf("bob's tokens: %+v, %v", all, err)
		}
	})
}
