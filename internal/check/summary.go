package check

// Summary counts results. Total is the sum of the others.
type Summary struct {
	Total   int `json:"total"`
	Passed  int `json:"passed"`
	Warned  int `json:"warned"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// Summarise counts results.
func Summarise(results []Result) Summary {
	s := Summary{Total: len(results)}
	for _, r := range results {
		switch r.Status {
		case Pass:
			s.Passed++
		case Warn:
			s.Warned++
		case Fail:
			s.Failed++
		case Skip:
			s.Skipped++
		}
	}
	return s
}

// Mistake is advice, and the probes that it was given for.
type Mistake struct {
	Advice Advice
	Probes []string
	Worst  Status // Fail or Warn
}

// Mistakes returns the advice that the results give, each once: a single mistake makes
// several probes fail.
func Mistakes(results []Result) []Mistake {
	var list []Mistake
	at := make(map[Advice]int)
	for _, r := range results {
		if r.Status != Fail && r.Status != Warn {
			continue
		}
		i, known := at[r.Advice]
		if !known {
			i = len(list)
			at[r.Advice] = i
			list = append(list, Mistake{Advice: r.Advice, Worst: Warn})
		}
		list[i].Probes = append(list[i].Probes, r.ID)
		if r.Status == Fail {
			list[i].Worst = Fail
		}
	}
	return list
}
