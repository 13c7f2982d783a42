package history

import (
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/solatis/solatis-cli/internal/event"
)

// head is a request without its body. Strings are CBOR byte strings, since header values
// need not be UTF-8.
type head struct {
	Method   string              `cbor:"1,keyasint"`
	Path     string              `cbor:"2,keyasint"`
	RawQuery string              `cbor:"3,keyasint"`
	Host     string              `cbor:"4,keyasint"`
	Proto    string              `cbor:"5,keyasint"`
	Remote   string              `cbor:"6,keyasint"`
	Header   map[string][]string `cbor:"7,keyasint"`
}

var (
	encoder, _ = cbor.EncOptions{String: cbor.StringToByteString}.EncMode()
	decoder, _ = cbor.DecOptions{ByteStringToString: cbor.ByteStringToStringAllowed}.DecMode()
)

func encodeHead(r *event.Request) ([]byte, error) {
	return encoder.Marshal(head{r.Method, r.Path, r.RawQuery, r.Host, r.Proto, r.Remote, r.Header})
}

func decodeHead(id string, raw, body []byte, received int64) (*event.Request, error) {
	var h head
	if err := decoder.Unmarshal(raw, &h); err != nil {
		return nil, fmt.Errorf("the record of %s can't be read: %w", id, err)
	}
	return &event.Request{
		ID: id, Method: h.Method, Path: h.Path, RawQuery: h.RawQuery, Host: h.Host, Proto: h.Proto, Remote: h.Remote,
		Header: h.Header, Body: body, Received: time.Unix(0, received),
	}, nil
}
