package sqlitestore

import (
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/solatis/solatis-cli/internal/event"
)

// head is a request without its body. Strings are CBOR byte strings, since header values
// need not be UTF-8.
type head struct {
	ID       string              `cbor:"1,keyasint"`
	Method   string              `cbor:"2,keyasint"`
	Path     string              `cbor:"3,keyasint"`
	RawQuery string              `cbor:"4,keyasint"`
	Host     string              `cbor:"5,keyasint"`
	Proto    string              `cbor:"6,keyasint"`
	Remote   string              `cbor:"7,keyasint"`
	Header   map[string][]string `cbor:"8,keyasint"`
	Received int64               `cbor:"9,keyasint"` // nanoseconds since 1970
}

var (
	encoder, _ = cbor.EncOptions{String: cbor.StringToByteString}.EncMode()
	decoder, _ = cbor.DecOptions{ByteStringToString: cbor.ByteStringToStringAllowed}.DecMode()
)

func encodeHead(r *event.Request) ([]byte, error) {
	return encoder.Marshal(head{
		r.ID, r.Method, r.Path, r.RawQuery, r.Host, r.Proto, r.Remote, r.Header, r.Received.UnixNano(),
	})
}

func decodeHead(b []byte) (*event.Request, error) {
	var h head
	if err := decoder.Unmarshal(b, &h); err != nil {
		return nil, err
	}
	return &event.Request{
		ID: h.ID, Method: h.Method, Path: h.Path, RawQuery: h.RawQuery, Host: h.Host, Proto: h.Proto,
		Remote: h.Remote, Header: h.Header, Received: time.Unix(0, h.Received),
	}, nil
}
