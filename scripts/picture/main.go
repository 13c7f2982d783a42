// Picture draws the figures of a bench run, as scripts/bench --json writes them, as an SVG:
// events per second and the median time from POST to the app, against the connections.
//
//	go run -C scripts/picture . < figures.json > docs/benchmarks.svg
//
// It is a module of its own, so that the plotting library is no dependency of solatis.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"io"
	"os"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// measured is one line of a run's table.
type measured struct {
	Variant     string  `json:"variant"`
	Connections int     `json:"connections"`
	Events      float64 `json:"events_per_second"`
	Arrival     float64 `json:"arrival_p50_us"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var figures struct {
		Variants []measured `json:"variants"`
	}
	if err := json.NewDecoder(in).Decode(&figures); err != nil {
		return fmt.Errorf("standard input is not what scripts/bench --json writes: %w", err)
	}
	if len(figures.Variants) == 0 {
		return errors.New("there are no variants in it")
	}
	events, err := chart(figures.Variants, "events per second", func(m measured) float64 { return m.Events })
	if err != nil {
		return err
	}
	arrival, err := chart(figures.Variants, "POST to the app, median, ms", func(m measured) float64 { return m.Arrival / 1000 })
	if err != nil {
		return err
	}
	return sideBySide(out, events, arrival)
}

// chart draws one figure of each variant against the connections, both logarithmic.
func chart(all []measured, title string, figure func(measured) float64) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, "connections"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.Y.Tick.Marker = plot.LogTicks{Prec: -1}
	p.X.Tick.Marker = ticks(all)
	p.Add(plotter.NewGrid())
	for i, name := range variants(all) {
		var points plotter.XYs
		for _, m := range all {
			if m.Variant == name && figure(m) > 0 {
				points = append(points, plotter.XY{X: float64(m.Connections), Y: figure(m)})
			}
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line.Color, dots.Color, dots.Shape = plotutil.Color(i), plotutil.Color(i), plotutil.Shape(i)
		line.Width = vg.Points(1.5)
		p.Add(line, dots)
		p.Legend.Add(name, line, dots)
	}
	return p, nil
}

// variants returns the names in the order in which they first come.
func variants(all []measured) []string {
	var names []string
	seen := make(map[string]bool)
	for _, m := range all {
		if !seen[m.Variant] {
			seen[m.Variant] = true
			names = append(names, m.Variant)
		}
	}
	return names
}

// ticks marks the loads that were measured.
func ticks(all []measured) plot.ConstantTicks {
	var marks plot.ConstantTicks
	seen := make(map[int]bool)
	for _, m := range all {
		if !seen[m.Connections] {
			seen[m.Connections] = true
			marks = append(marks, plot.Tick{Value: float64(m.Connections), Label: strconv.Itoa(m.Connections)})
		}
	}
	return marks
}

// sideBySide draws plots of the same variants, and their legend to the right.
func sideBySide(out io.Writer, plots ...*plot.Plot) error {
	const width, height, legend, margin = 330, 280, 165, 10 // in points
	total := vg.Length(width*len(plots) + legend)
	canvas := vgsvg.New(total, height)
	dc := draw.New(canvas)
	dc.SetColor(color.White)
	dc.Fill(vg.Rectangle{Max: vg.Point{X: total, Y: height}}.Path())
	for i, p := range plots {
		names := p.Legend
		p.Legend = plot.NewLegend()
		p.Title.TextStyle.Font.Size, p.X.Label.TextStyle.Font.Size, p.X.Label.Padding = 11, 10, 3
		left := vg.Length(width * i)
		p.Draw(draw.Crop(dc, left+margin, left+width-margin-total, margin, -margin))
		if i == len(plots)-1 {
			names.Top, names.Left, names.TextStyle.Font.Size = true, true, 10
			names.Padding, names.YOffs = 3, -20
			names.Draw(draw.Crop(dc, left+width+margin, 0, margin, -margin))
		}
	}
	_, err := canvas.WriteTo(out)
	return err
}
