package catalog

// The values that faker draws from. Names come from many scripts, as real ones do: a
// handler that breaks on them should break on a developer's machine. All of it is made
// up; the domains are reserved ones (RFC 2606).

var people = []struct{ name, mailbox string }{
	{"Ana Petrović", "ana.petrovic"},
	{"Zoë Lindqvist", "zoe.lindqvist"},
	{"Mateo Álvarez", "mateo.alvarez"},
	{"Grace Okafor", "grace.okafor"},
	{"李秀英", "li.xiuying"},
	{"佐藤 美咲", "misaki.sato"},
	{"Олена Шевчук", "olena.shevchuk"},
	{"ليلى حداد", "layla.haddad"},
	{"Nguyễn Thị Mai", "mai.nguyen"},
	{"Jürgen Weiß", "juergen.weiss"},
	{"Siobhán O'Brien", "siobhan.obrien"},
	{"Łukasz Wójcik", "lukasz.wojcik"},
	{"Priya Raghunathan", "priya.r"},
	{"김민준", "minjun.kim"},
	{"João Conceição", "joao.conceicao"},
	{"Sam Taylor", "sam"},
	{"Ελένη Παππά", "eleni.pappa"},
	{"İpek Yıldız", "ipek.yildiz"},
	{"María-José Núñez de la Torre", "mj.nunez"},
	{"Tom Li", "tom.li"},
}

var domains = []string{"acme.example", "client.example", "nordlicht.example", "bluebird.example", "mail.example.com", "example.org"}

var companies = []string{
	"Acme Corp", "Client LLC", "Nordlicht Energie GmbH", "Bluebird Analytics, Inc.",
	"Søndergaard & Friis A/S", "光洋システム株式会社", "Tall Pine Foods", "Łódzkie Tkaniny sp. z o.o.",
	"Óptica Granada S.L.", "Δέλτα Ναυτιλιακή Α.Ε.", "O'Brien & Sons Ltd", "Café Müller KG",
	"Harbor <Lights> Media", "Ondine Rail", "Vega Clinics", "Quartz & Quill",
}

var (
	subjects   = []string{"the renewal", "the data processing annex", "the Q2 budget", "the new office", "onboarding", "the export queue", "the rollout in Łódź", "the price list"}
	amounts    = []string{"€4,800", "$12,500", "£950", "¥1,200,000", "CHF 7’300", "€19.90", "$250,000"}
	weekdays   = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}
	priorities = []string{"low", "medium", "high", "urgent"}
	tags       = []string{"contract", "follow-up", "legal", "Q2", "customer", "größere Änderung", "budget", "重要", "blocked by finance", "quick win"}
)

var documentKinds = []string{
	"a service agreement", "a non-disclosure agreement", "a lease for office space", "a supply contract",
	"a consulting agreement", "a data processing agreement", "a licence agreement", "a loan agreement",
}

var documentTitles = []string{
	"Service agreement {company} – {other}", "NDA {company}", "Minutes of {weekday}, {subject}", "Offer_{company}_final_v3.pdf",
	"Q2 budget (draft)", "Angebot für {company}", "{company}: 契約書", "Notes on {subject}", "Résumé – {name}", "scan0047.pdf",
}

var clauses = []string{
	"The fee is {amount} a month, adjusted once a year.",
	"Either party may end it with 60 days' notice.",
	"Liability is limited to {amount} per year, except for intent.",
	"It renews by one year unless a party objects in writing.",
	"The place of jurisdiction is the seat of {company}.",
	"All documents stay confidential for three years after the end of the term.",
	"{name} signs for one side; the second signature is still missing.",
	"Annex B lists the sub-processors and names a contact for each.",
	"Payment is due within 14 days of the invoice.",
}

var duties = []string{
	"pays {amount} a month, due within 14 days of the invoice",
	"keeps the service available 99.9 % of each month",
	"answers critical incidents within 4 hours on working days",
	"announces a change of sub-processors 30 days in advance",
	"keeps the other's documents confidential for 3 years after the term",
	"insures the goods for at least {amount}",
	"hands over the premises swept clean (\"besenrein\")",
	"delivers a written report by the fifth working day of each month",
	"names {name} as the contact for all notices",
	"returns or destroys all copies at the end",
}

var shareMessages = []string{
	"As discussed on {weekday}: please look at section 4, the rest is unchanged.",
	"Could you sign by {weekday}? Thanks! 🙏",
	"For your information only.",
	"Bitte bis {weekday} prüfen – Änderungen sind markiert.",
	"Hi,\n\nhere is what we promised about {subject}. {name} can answer questions.\n\nBest",
	"ご確認をお願いします。",
}
