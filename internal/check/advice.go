package check

// advice returns what to say of a fault of this probe.
func (p Probe) advice(f fault) Advice {
	if a, ok := p.causes[f]; ok {
		return a
	}
	return general[f]
}

// everywhere is a fix that is the same in any language.
func everywhere(fix string) Fix { return Fix{fix, fix, fix} }

// general is the advice on a fault, whatever the probe.
var general = map[fault]Advice{
	refused: {
		"the handler takes a genuine signature for a forged one: it has another secret than check signs with, or it hashes something else than the bytes that came",
		Fix{
			"hand the handler the same secret; give the route express.raw({ type: () => true, inflate: false }) with no express.json() before it, and hash req.body",
			"hand the handler the same secret; hash request.get_data(), read before request.json is touched",
			"hand the handler the same secret; hash what io.ReadAll(r.Body) returned, before anything is decoded",
		},
	},
	notFound: {
		"nothing takes a POST at this path",
		Fix{
			"name the whole path of app.post(…) to check, as in localhost:3000/webhooks/solatis",
			"name the whole path of @app.post(…) to check, as in localhost:5000/webhooks/solatis",
			"name the whole path of the mux's pattern to check, as in localhost:8080/webhooks/solatis",
		},
	},
	tooLarge: {
		"the body is larger than the handler, or a proxy before it, allows",
		Fix{
			"express.raw({ type: () => true, limit: '32mb' }): its limit is 100 kB unless told",
			"app.config['MAX_CONTENT_LENGTH'] = 32 * 1024 * 1024",
			"http.MaxBytesReader(w, r.Body, 32<<20)",
		},
	},
	rejected: {
		"the handler answers a signed event with an error, so that Solatis sends it again and again, and in the end disables the webhook; the event stays the same",
		Fix{
			"note what can't be used, and res.status(200).send('ignored')",
			"note what can't be used, and return 'ignored', 200",
			"note what can't be used, and answer http.StatusOK",
		},
	},
	redirected: {
		"the answer is a redirect, which Solatis doesn't follow: it counts as a failure",
		Fix{
			"register the final URL, and mount the route before whatever redirects to https, to another host or to a trailing slash",
			"register the final URL; @app.post(…, strict_slashes=False) answers with and without the trailing slash",
			"register the final URL; a mux's pattern that ends in / redirects requests without it",
		},
	},
	crashed: {
		"the handler throws, and Solatis takes its 5xx for a reason to send again; the app's output says where",
		Fix{
			"if it is crypto.timingSafeEqual: it takes buffers of one length, while the provider's own sample gives it strings; put the route's body in try and catch, and await promises in it",
			"if it is a NameError: the provider's own sample forgets to import os; catch what json.loads and your own code raise",
			"look at every error and index before use rather than panic",
		},
	},
	hung: {
		"the request never got an answer: the handler forgot it on one of its ways, or waits for something that doesn't come",
		Fix{
			"call res.send() on every way through the route, in the catch too, before any long work",
			"return from every way through the view, and leave long work to a queue or a thread",
			"return from the handler on every way; leave long work to a goroutine that a queue feeds",
		},
	},
	ended: {
		"the app ended, after what it got before: it takes one bad request to stop it",
		Fix{
			"an exception outside of the route's own try, or a rejected promise that nobody awaits, ends Node: look at its last output",
			"look at the last output of the server; a worker that exits is no exception that Flask could catch",
			"a panic in a goroutine of your own, or log.Fatal, ends the program: look at its last output",
		},
	},
	accepted: {
		"the request was accepted, and nothing showed that it came from Solatis",
		Fix{verifyExpress, verifyFlask, verifyGo},
	},
	late:    timeAdvice,
	unusual: statusCauses[unusual],
}

// How to verify, in a line; docs/handlers has it whole.
const (
	verifyExpress = "if (!/^[0-9a-f]{64}$/.test(signature) || !timingSafeEqual(Buffer.from(signature, 'hex'), digest)) return res.sendStatus(401)"
	verifyFlask   = "signature = request.headers.get('X-Solatis-Signature', ''); if not hmac.compare_digest(signature.encode(), expected.encode()): return 'invalid', 401"
	verifyGo      = "values := r.Header.Values(\"X-Solatis-Signature\"); if len(values) != 1 || !hmac.Equal([]byte(values[0]), []byte(expected)) { http.Error(w, \"invalid\", 401); return }"
)

// bytesFix is for signatures that are taken over anything but the body's bytes.
var bytesFix = Fix{
	"express.raw({ type: () => true, inflate: false }) on the route, before any express.json(); createHmac('sha256', secret).update(req.body)",
	"body = request.get_data() first; hmac.new(secret, body, hashlib.sha256); json.loads(body) only afterwards",
	"body, err := io.ReadAll(r.Body) first; mac.Write(body); json.Unmarshal(body, …) only afterwards",
}

// spellingCauses are those of the probes of odd JSON.
var spellingCauses = map[string]map[fault]Advice{
	"raw-white-space": {refused: {"the signature is taken over JSON that was parsed and written again, without the white space that was sent", bytesFix}},
	"raw-key-order":   {refused: {"the signature is taken over JSON that was parsed and written again, with the keys in another order: JavaScript puts numbers first, Go's maps and sort_keys sort", bytesFix}},
	"raw-escapes":     {refused: {"the signature is taken over JSON that was parsed and written again, with other escapes than were sent", bytesFix}},
	"raw-numbers":     {refused: {"the signature is taken over JSON that was parsed and written again: 1.0 becomes 1, 1e2 becomes 100, and large numbers are rounded", bytesFix}},
	"raw-non-ascii": {refused: {
		"the signature is taken over text that was decoded and encoded again: json.dumps makes \\u00e9 of é, other encodings than UTF-8 lose it, and Go's encoder escapes U+2028",
		bytesFix,
	}},
	"raw-large": {
		refused: {"the signature is taken over a part of the body: a large body comes in several pieces", Fix{
			"let express.raw collect the body, or update the HMAC with each chunk and compare on 'end'",
			"request.get_data() returns all of it; request.stream.read(n) may return less",
			"io.ReadAll(r.Body) returns all of it; a single r.Body.Read does not",
		}},
		rejected: {"the handler, its body parser or a proxy before it doesn't take 1 MiB", general[tooLarge].Fix},
		crashed:  {"the handler fails on a body of 1 MiB: its body parser's limit throws, or the event goes into a column or message that is too small", general[tooLarge].Fix},
	},
}

// forgedCauses are those of the probes of forged events.
var forgedCauses = map[string]map[fault]Advice{
	"refuses-tampered-body": {accepted: {
		"the signature isn't compared with one computed from the body: anybody who knows the URL can send events",
		Fix{verifyExpress, verifyFlask, verifyGo},
	}},
	"refuses-wrong-secret": {accepted: {
		"the signature isn't compared with one computed by the secret: anybody who knows the URL can send events",
		Fix{verifyExpress, verifyFlask, verifyGo},
	}},
	"refuses-missing-signature": {
		accepted: {"an event without the header passes: the handler verifies nothing, or only when there is something to verify", Fix{verifyExpress, verifyFlask, verifyGo}},
		crashed: {"the header isn't there and the comparison is given nothing: it throws, and a stranger's request is answered with 5xx, for which a sender tries again", Fix{
			"crypto.timingSafeEqual(undefined, …) and Buffer.from(undefined) throw; test the form first: " + verifyExpress,
			"hmac.compare_digest(None, …) raises, as in the provider's own sample; use a default: " + verifyFlask,
			"r.Header[\"X-Solatis-Signature\"][0] panics where there is no header: " + verifyGo,
		}},
	},
	"refuses-empty-signature": {
		accepted: {"an empty header passes: the handler verifies nothing, or compares only as many characters as were sent", Fix{verifyExpress, verifyFlask, verifyGo}},
		crashed:  lengthCrash,
	},
	"refuses-short-signature": {
		accepted: {"only the beginning of the signature is compared: the fewer digits count, the easier they are guessed", Fix{verifyExpress, verifyFlask, verifyGo}},
		crashed:  lengthCrash,
	},
	"refuses-overlong-signature": {
		accepted: {"what stands behind the 64 digits isn't looked at: Buffer.from(…, 'hex') stops where the hex ends, and startsWith or a slice compares only the beginning", Fix{verifyExpress, verifyFlask, verifyGo}},
		crashed:  lengthCrash,
	},
	"refuses-upper-case-signature": {
		accepted: {"upper and lower case are the same to the comparison, so that there is more than one right signature: Solatis sends lower case only", Fix{
			"compare the hex as it is, without toLowerCase() and without decoding it before its form was tested: " + verifyExpress,
			"compare the hex as it is, without lower() and bytes.fromhex(): " + verifyFlask,
			"compare the hex as it is, without strings.ToLower, strings.EqualFold and hex.DecodeString: " + verifyGo,
		}},
		crashed: {"the handler throws on hex in upper case", Fix{verifyExpress, verifyFlask, verifyGo}},
	},
	"refuses-doubled-signature": {
		accepted: {"of two signature headers the handler takes one in silence; which one differs between it and whatever stands before it, and that is how checks are got round", Fix{
			"Node joins repeated headers by a comma: test the whole value, and don't split it: " + verifyExpress,
			"they arrive joined by a comma: compare the whole value, and don't split it: " + verifyFlask,
			"r.Header.Get takes the first of several, as in the provider's own sample: " + verifyGo,
		}},
		crashed: lengthCrash,
	},
	"refuses-non-ascii-signature": {
		accepted: {"characters that are no hex digits are passed over in the comparison", Fix{verifyExpress, verifyFlask, verifyGo}},
		crashed: {"the comparison throws on text outside ASCII, and a stranger's request is answered with 5xx, for which a sender tries again", Fix{
			"é is two bytes in UTF-8, so the buffers' lengths differ and crypto.timingSafeEqual throws: " + verifyExpress,
			"hmac.compare_digest raises a TypeError on such text; it takes bytes: " + verifyFlask,
			verifyGo,
		}},
	},
}

// lengthCrash is the advice where a signature of another length makes the handler throw.
var lengthCrash = Advice{
	"the comparison throws when the signature has another length than expected, and a stranger's request is answered with 5xx, for which a sender tries again",
	Fix{
		"crypto.timingSafeEqual throws on buffers of two lengths; test the form first: " + verifyExpress,
		"bytes.fromhex raises on what is no hex; compare text: " + verifyFlask,
		"look at the length before you slice, or compare the whole: " + verifyGo,
	},
}

var duplicateCauses = map[fault]Advice{
	refused:  duplicateAdvice,
	rejected: duplicateAdvice,
	crashed:  duplicateAdvice,
}

var duplicateAdvice = Advice{
	"an event that was handled before is answered with an error, such as that of a unique index, so that Solatis sends it once more: to a sender whose answer was lost a duplicate is no mistake",
	Fix{
		"insert the id with ON CONFLICT DO NOTHING, and res.status(200).send('duplicate') where nothing was inserted",
		"catch the IntegrityError of the insert, and return 'duplicate', 200",
		"INSERT … ON CONFLICT DO NOTHING, look at RowsAffected, and answer http.StatusOK where it is 0",
	},
}

var unknownTypeCauses = map[fault]Advice{
	rejected: unknownTypeAdvice,
	notFound: unknownTypeAdvice,
	crashed:  unknownTypeAdvice,
	hung:     unknownTypeAdvice,
}

var unknownTypeAdvice = Advice{
	"the handler knows what to do with some types and fails on any other: the day Solatis adds one, its webhook is disabled",
	Fix{
		"switch (event.event) { …; default: console.log('ignored', event.event) }, and answer 200 all the same",
		"handler = handlers.get(event['event']), not handlers[event['event']]; return 'ignored', 200 for None",
		"a default case that notes the type, and http.StatusOK all the same",
	},
}

var unknownFieldsCauses = map[fault]Advice{
	rejected: unknownFieldsAdvice,
	crashed:  unknownFieldsAdvice,
}

var unknownFieldsAdvice = Advice{
	"the handler wants to know every field: the day Solatis adds one, each event fails",
	Fix{
		"let the schema pass unknown fields: z.object(…) without .strict(), additionalProperties not false",
		"take the fields that you need: Event(**event) raises on others; pydantic with extra='ignore'",
		"no DisallowUnknownFields on the decoder",
	},
}

var orderCauses = map[fault]Advice{
	refused:  orderAdvice,
	rejected: orderAdvice,
	notFound: orderAdvice,
	crashed:  orderAdvice,
}

var orderAdvice = Advice{
	"the handler relies on events coming in the order in which they happened: a retry comes minutes to hours after later ones",
	everywhere("create what isn't there yet (upsert), and leave what is newer by data.updated_at alone; answer 200 in either case"),
}

var burstCauses = map[fault]Advice{
	late: {"events that come together are handled one after the other, and the last of them waits too long", Fix{
		"answer before the work, and let a queue do it; nothing synchronous and slow in the route",
		"run it by a server of several workers (gunicorn -w 4 --threads 8), and let a queue do the work",
		"no lock around the work; hand the event to a channel or a queue, and answer",
	}},
	crashed: burstAdvice, rejected: burstAdvice, hung: burstAdvice, refused: burstAdvice, ended: burstAdvice,
}

var burstAdvice = Advice{
	"the handler takes one event at a time and fails on several: something is shared between requests that must not be, a pool is too small, or a rate limit is in the way",
	Fix{
		"keep state of a request out of module variables; a larger connection pool; no rate limit on this route",
		"keep state of a request out of globals; a database session per request; no rate limit on this route",
		"guard what requests share by a sync.Mutex (go run -race shows it); a larger MaxOpenConns; no rate limit on this route",
	},
}

var getCauses = map[fault]Advice{
	accepted: {"a GET without a signature is answered like an event: the route takes any method. Whoever opens the URL, or a crawler, then looks to the handler like Solatis. If it is a page of yours on purpose, leave this probe out by --skip refuses-get", Fix{
		"app.post(…), not app.all(…) or app.use(…)",
		"@app.post(…), or methods=['POST'] alone",
		"mux.Handle(\"POST /webhooks/solatis\", …), or answer 405 unless r.Method is POST",
	}},
	crashed: {"a GET makes the handler throw: it reads a body that isn't there", Fix{
		"app.post(…), not app.all(…) or app.use(…)",
		"@app.post(…), or methods=['POST'] alone",
		"mux.Handle(\"POST /webhooks/solatis\", …), or answer 405 unless r.Method is POST",
	}},
}

var statusCauses = map[fault]Advice{
	unusual: {"any 2xx is success, but the provider's guide marks 201 and 204 as wrong and asks for exactly 200", Fix{
		"res.status(200).send('OK')",
		"return 'OK', 200",
		"w.WriteHeader(http.StatusOK), or just write the answer",
	}},
}

var timeCauses = map[fault]Advice{late: timeAdvice}

var timeAdvice = Advice{
	"the work is done before the answer. Solatis waits five seconds, then takes the event for failed and sends it again, so that slow work is done twice",
	Fix{
		"put the event into a queue or a table, res.status(200).send('OK'), and work afterwards",
		"put the event into a queue or a table, or hand it to an executor, and return 'OK', 200",
		"put the event into a queue or a table, answer, and let a goroutine do the work",
	},
}

var resetCauses = map[fault]Advice{
	ended:   resetAdvice,
	crashed: resetAdvice,
	hung:    resetAdvice,
}

var resetAdvice = Advice{
	"a connection that broke off in the middle of a body ended the handler, or left it stuck: in production networks do that by themselves",
	Fix{
		"listen for 'error' and 'aborted' on req where you read it by hand; express.raw does so",
		"let request.get_data() raise, and no worker be lost by it: catch nothing there but what you can answer",
		"look at the error of io.ReadAll(r.Body) and return; give up locks by defer",
	},
}
