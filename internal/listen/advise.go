package listen

import (
	"fmt"
	"net/http"

	"github.com/solatis/solatis-cli/internal/activity"
	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/fault"
	"github.com/solatis/solatis-cli/internal/send"
	"github.com/solatis/solatis-cli/internal/signature"
)

// advise completes the hint on an answer: how to correct this session's target, or, where
// an app refuses a signature that is right, what usually causes that. The signature is
// looked at once more for such an answer only. What a fault spoiled is refused with good
// reason.
func (s *Session) advise(u *activity.Attempted, t send.Target, r *event.Request) {
	u.Hint = s.lanes.hint(u.Hint, t)
	switch u.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
	default:
		return
	}
	if u.Hint != "" || s.Verify == VerifyOff || fault.Spoils(u.Fault) {
		return
	}
	values := r.Header[signature.HeaderName]
	if own, ok := s.Sender.Header[signature.HeaderName]; ok {
		values = own
	}
	if signature.Verify(s.Secret, r.Body, values) == signature.Valid {
		u.Hint = fmt.Sprintf("%s answered %d, but the signature is right: if it is the signature that your app refuses, "+
			"its secret is another one, or it verifies a body that was parsed before and not the bytes that came", t.Address(), u.Status)
	}
}
