package send

import (
	"fmt"
	"net/http"

	"github.com/solatis/solatis-cli/internal/delivery"
)

// Hint returns advice on an answer that is probably not what the developer wants, or ""
// if there is none to give.
func Hint(t Target, o delivery.Outcome) string {
	if o.Kind != delivery.Answered {
		return ""
	}
	switch o.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		if t.HasPath() {
			return ""
		}
		return fmt.Sprintf("the target has no path; if your handler has one, name it: --forward %s/webhooks/solatis", t.short())
	case http.StatusCreated, http.StatusNoContent:
		return fmt.Sprintf("%d counts as success; the provider's guide advises exactly 200", o.Status)
	}
	return ""
}

// short is t without path and query, as a developer would type it.
func (t Target) short() string {
	if t.scheme == "http" && t.socket == "" {
		return t.Address()
	}
	return t.base()
}
