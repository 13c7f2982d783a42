package catalog

// taskNotes are sentences of a task's description.
var taskNotes = []string{
	"{name} has the details.",
	"Not before {weekday}.",
	"See the notes on {subject}.",
	"{company} expects an answer within the week; anything up to {amount} is approved.",
	"If in doubt, ask first.",
	"Was open once before, then closed by mistake.",
	"Achtung: Anhang fehlt noch.",
}

// content is a kind of text that Solatis may be asked for.
type content struct {
	kind, language string
	title, opening string
	paragraphs     []string
	points         []string
	closing        string
}

var contents = []content{
	{
		"email", "en", "Follow-up: {subject}", "Dear {name},",
		[]string{
			"Thank you for the good conversation on {weekday}. Here is what we took from it about {subject}.",
			"Our offer stays at {amount}, all included. Should {company} need more seats, we'll find a way.",
			"One question is left: who will be our contact while you are away?",
		},
		[]string{"Start on {weekday}", "One contact on each side", "Invoices go to {company}"},
		"Kind regards",
	},
	{
		"summary", "en", "{company}: what matters", "{company} has asked for a short summary of {subject}.",
		[]string{
			"The costs came to {amount}, a little less than planned.",
			"{name} expects no surprises in the next quarter, but would keep a reserve.",
			"The risks are known: late deliveries, a short summer, and a contract that nobody has read to its end.",
			"Compared with {other}, the picture is better than it looks at first sight.",
		},
		[]string{"Costs: {amount}", "Next review: {weekday}", "Owner: {name}", "Status: on track"},
		"Prepared from the sources named with this text.",
	},
	{
		"proposal", "de", "Angebot für {company}", "Sehr geehrte Damen und Herren,",
		[]string{
			"vielen Dank für Ihre Anfrage. Gerne übernehmen wir die Einführung zum Festpreis von {amount}.",
			"Die Schulung führt {name} durch; größere Gruppen teilen wir auf.",
			"An dieses Angebot halten wir uns 30 Tage gebunden.",
		},
		[]string{"Einrichtung und Übernahme der Daten", "Schulung, zwei Tage", "Betreuung im ersten Vierteljahr"},
		"Mit freundlichen Grüßen",
	},
	{
		"blog_post", "en", "What {company} learnt about {subject}", "It began with a spreadsheet and a bad feeling.",
		[]string{
			"For years, {company} had kept track of everything by hand. It worked, until it didn't.",
			"\"We spent {weekday} mornings looking for the last version,\" says {name}, who now has the time for something else.",
			"The numbers are modest & honest: {amount} saved in the first year, and two meetings fewer a week.",
			"What would they do differently? Start smaller, and tell people earlier.",
		},
		[]string{"Start with one team", "Keep the old way open for a month", "Measure before and after", "Celebrate 🎉"},
		"Questions? Write to us.",
	},
	{
		"email", "fr", "Suite à notre échange", "Bonjour {name},",
		[]string{
			"Merci pour votre accueil chez {company}. Voici, comme promis, les points à retenir.",
			"Le montant de {amount} reste valable jusqu'à la fin du mois.",
		},
		[]string{"Début : la première semaine de mars", "Contrat envoyé à {other}"},
		"Bien à vous",
	},
}

// questions are topics of a brainstorming session.
var questions = []string{
	"How can new customers see a first result within a day?",
	"What would make {subject} easier?",
	"Names for the new product of {company}",
	"Was würde {company} sofort kaufen?",
	"How do we spend {amount} so that everybody notices?",
	"Why do we always talk about {subject} on {weekday}?",
}

var ideas = []idea{
	{Title: "A sample contract in every new workspace", Description: "Shows what to expect before anything is uploaded."},
	{Title: "Import from the mailbox", Description: "Forward a message, and its attachments are analysed."},
	{Title: "Fifteen-minute call", Description: "Booked while signing up."},
	{Title: "Fewer fields", Description: ""},
	{Title: "Wöchentliche Sprechstunde", Description: "Jeden Dienstag, ohne Anmeldung, für alle Fragen rund um Verträge."},
	{Title: "Ask the people who left", Description: "A short interview with everybody who ended a subscription last year; offer something for their time."},
	{Title: "\"Undo\" everywhere", Description: "People try more when they can go back."},
	{Title: "Do nothing", Description: "Wait a quarter and look at the numbers again."},
	{Title: "社内コンテスト", Description: "一番早い人が勝ち。"},
	{Title: "A map of all offices 🗺️", Description: "With who sits where, and when."},
}

var themes = []string{"Show results early", "Less typing", "Talk to customers", "Vertrauen", "Automation", "Price", "コミュニケーション"}

var brainstormSummaries = []string{
	"The ideas go in two directions, of which the cheaper one found more support.",
	"{name} collects what is needed for a first trial on {weekday}.",
	"About {amount} would be enough to begin.",
	"No idea won outright; the group wants to hear {company} first.",
}
