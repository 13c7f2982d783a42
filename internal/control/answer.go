package control

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

var errTooLarge = &Error{"the body is over the limit of 33 MiB", CodeTooLarge}

// readBody returns the whole body of a request.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, errTooLarge
	case err != nil:
		return nil, &Error{"the request's body can't be read: " + err.Error(), CodeInvalid}
	}
	return body, nil
}

func decodeBody(r *http.Request, into any) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &Error{"the request's body makes no sense: " + err.Error(), CodeInvalid}
	}
	return nil
}

// answer sends v as the successful result.
func answer(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// fail sends err, which is an *Error if its code matters.
func fail(w http.ResponseWriter, err error) {
	out := Error{Message: err.Error(), Code: CodeFailed}
	var coded *Error
	if errors.As(err, &coded) {
		out.Code = coded.Code // the message stays that of the outermost error
	}
	body, _ := json.Marshal(out) // two strings always have a JSON form
	writeJSON(w, out.Code.status(), body)
}

func (c Code) status() int {
	switch c {
	case CodeNotFound, CodeUnknown:
		return http.StatusNotFound
	case CodeForbidden:
		return http.StatusForbidden
	case CodeInvalid:
		return http.StatusBadRequest
	case CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusInternalServerError
}

// writeJSON sends body. A client that is gone by then has no use for an error.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
