package doctor

import "context"

func (m machine) settings(context.Context) Result {
	if m.SettingsErr != nil {
		return fail("correct the file; solatis config path says where your own is", "%v", m.SettingsErr)
	}
	return ok("%s", m.Settings)
}
