package catalog

// conversation is what people may say in one language.
type conversation struct {
	language string // BCP 47 tag
	space    string // between two sentences
	lines    []string
}

var conversations = []conversation{
	{"en", " ", []string{
		"Good morning, can everybody hear me?",
		"Let's start with {subject}, then we have it behind us.",
		"I spoke with {company} on {weekday}, and they are fine with the new dates.",
		"That leaves {amount} for the rest of the quarter, which is tight.",
		"Sorry, I was on mute. I said that we should ask {name} first.",
		"Right.",
		"Do we know why it took so long last time?",
		"Mostly because nobody owned it. I can take it this time, if that helps.",
		"Could you send me the numbers afterwards?",
		"I'd rather not promise {weekday} before I have seen the draft.",
		"Okay, so we go with the second option, and {name} tells {company}.",
		"No, wait, \"as soon as possible\" is not a date.",
		"Agreed.",
		"Let me share my screen. Can you see it? It's the one with the red column, {subject}.",
		"Then I think we're done. Thanks, everyone!",
		"There is one more thing, about {subject}: who tells the customer?",
	}},
	{"de", " ", []string{
		"Guten Morgen zusammen, hört man mich?",
		"Fangen wir mit dem Vertrag an, {company} wartet seit letzter Woche.",
		"Über {amount} müssen wir noch einmal reden.",
		"Das prüfe ich und melde mich bis Freitag.",
		"Genau.",
		"Können wir das bitte schriftlich festhalten? Größere Änderungen gehen sonst unter.",
		"{name} hat die Zahlen, ich leite sie gleich weiter.",
		"Dann übernehme ich das Protokoll.",
		"Schönen Tag noch, tschüss!",
	}},
	{"es", " ", []string{
		"Buenos días, ¿me oís bien?",
		"El presupuesto sigue en {amount}, no hay margen.",
		"¿Quién se encarga de llamar a {company}?",
		"Yo mismo, mañana a primera hora.",
		"Vale.",
		"Antes deberíamos preguntar a {name}.",
		"Lo dejamos para la próxima reunión, entonces.",
		"Gracias a todos, ¡hasta el lunes!",
	}},
	{"ja", "", []string{
		"おはようございます。聞こえますか。",
		"では、契約の更新から始めましょう。",
		"{company}には金曜日までに返事をします。",
		"金額は{amount}で変わりません。",
		"はい。",
		"資料は{name}さんが送ってくれます。",
		"来週もう一度確認しましょう。",
		"ありがとうございました。",
	}},
}

var meetingTitles = []string{
	"Weekly with {company}", "{company}: {subject}", "Kick-off {company} & {other}", "1:1 {name}", "Jour fixe {weekday}",
	"Retrospective", "Budget 2026", "Réunion d'équipe", "定例会議", "Interview {name}",
}

var meetingSummaries = []string{
	"The group went through {subject} and found no open questions.",
	"{name} presented the figures; {amount} are still unaccounted for.",
	"{company} asked for a decision by {weekday}.",
	"Most of the time went to {subject}, which two participants see differently.",
	"The next meeting is on {weekday}.",
	"Everybody agreed that {company} should hear it from {name} in person.",
}

var topics = []topic{
	{"Budget", "{amount} remain for the quarter; {name} checks the invoices of {company}."},
	{"Schedule", "The start moves to {weekday} unless {company} objects."},
	{"Staffing", "{name} joins for two months."},
	{"Contract", "Notice and liability are settled, the annex is open."},
	{"Qualität", "Drei Rückläufer, alle aus derselben Charge."},
	{"Any other business", "Nothing."},
	{"Customer feedback", "{company} likes the new export and misses the old one."},
}

var decisions = []string{
	"The contract with {company} is renewed", "No new vendor before summer", "{name} has the last word on {subject}",
	"The budget grows by {amount}", "Meetings end five minutes early", "The launch moves to {weekday}",
}

// promises are things to do, each with the sentence in which somebody said so.
var promises = []struct{ todo, quote string }{
	{"Send the revised offer", "I'll send the revised offer tonight, or tomorrow morning at the latest."},
	{"Book a room for the workshop", "Can somebody find us a room? Twelve people, with a window if possible."},
	{"Ask legal about the liability clause", "Before we sign, legal should look at the liability clause once more."},
	{"Update the price list", "The price list on the website is from last year, that has to change."},
	{"Call the landlord", "I'll just call the landlord, that's faster than another mail."},
	{"Collect the figures for the first quarter", "Then I need the figures for the first quarter from all of you."},
	{"Write down why we chose the second option", "In half a year nobody will know why we chose this, so let's write it down."},
	{"Rechnung 2026-014 prüfen", "Die Rechnung 14 schaue ich mir noch einmal an, da stimmt die Steuer nicht."},
	{"Invite the new colleagues to the retrospective", "We should have the new colleagues there too, I'll forward the invitation."},
	{"議事録を共有する", "議事録は私が今日中に共有します。"},
	{"Fix the export of umlauts (ä, ö, ü)", "Every \"ü\" comes out as two characters; I'll look into it."},
	{"Renew the certificate before 1 March", "If we forget the certificate again, they will call us at night."},
}
