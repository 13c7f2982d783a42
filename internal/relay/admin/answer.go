package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 64 << 10

// The bodies of answers.
type (
	tokensBody struct {
		Tokens []access.Token `json:"tokens"`
	}
	tokenBody struct {
		Token access.Token `json:"token"`
	}
	// createdBody is the only one that has a token's text.
	createdBody struct {
		Token  access.Token `json:"token"`
		Secret string       `json:"secret"`
	}
	endpointsBody struct {
		Endpoints []Endpoint `json:"endpoints"`
	}
	endpointBody struct {
		Endpoint Endpoint `json:"endpoint"`
	}
	deletedBody struct {
		Endpoint access.Endpoint `json:"endpoint"`
	}
	errorBody struct {
		Error string `json:"error"`
	}
)

// refusal is an error with a status of its own.
type refusal struct {
	status int
	why    string
}

func (e *refusal) Error() string { return e.why }

// decode reads one JSON object and accepts nothing that it doesn't know: a misspelt
// "expires" must not become a token that is valid for ever.
func decode(body io.Reader, into any) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("there is something after the object")
		}
	}
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request's body may have %d bytes", over.Limit)}
	}
	return &access.InvalidError{Reason: "the request's body makes no sense: " + err.Error()}
}

// statusOf is the HTTP status for an error of the operations.
func statusOf(err error) int {
	var own *refusal
	var refused *relay.RefusedError
	var wrong *access.InvalidError
	switch {
	case errors.As(err, &own):
		return own.status
	case errors.Is(err, access.ErrScope):
		return http.StatusForbidden
	case errors.As(err, &refused):
		return http.StatusUnauthorized
	case errors.As(err, &wrong):
		return http.StatusBadRequest
	case errors.Is(err, access.ErrNotFound):
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

func fail(w http.ResponseWriter, err error) {
	status := statusOf(err)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="solatis-relay"`) // RFC 9110 section 11.6.1
	}
	answer(w, status, errorBody{err.Error()})
}

// answer sends v as JSON. A client that is gone by then has no use for an error.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer has no JSON form"}`)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // there may be a token in it
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// writeTimeout is how long a client may take for an answer, or for one part of a backup.
const writeTimeout = 30 * time.Second

// streamed is an answer that is sent while it is made.
type streamed struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

func (s *streamed) Write(p []byte) (int, error) {
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", "application/octet-stream")
	}
	// Not every server has deadlines; where there are none, the client decides.
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return s.w.Write(p)
}
