package chart

import (
	"image/color"
	"strings"
	"sync"
	"unicode"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The colors of lines, which people with any color vision tell apart: Okabe and Ito, Color Universal Design, 2008, without
// yellow, darkest first.
var palette = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	{0x00, 0x9e, 0x73, 0xff}, // green
	{0xcc, 0x79, 0xa7, 0xff}, // purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x56, 0xb4, 0xe9, 0xff}, // sky
	{0x44, 0x44, 0x44, 0xff}, // grey
}

var (
	ink       = color.RGBA{0x22, 0x22, 0x22, 0xff} // text
	soft      = color.RGBA{0x66, 0x66, 0x66, 0xff} // lesser text
	axisColor = color.RGBA{0x88, 0x88, 0x88, 0xff}
	gridColor = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
	edgeColor = color.RGBA{0x77, 0x77, 0x77, 0xff} // boundaries
	white     = color.RGBA{0xff, 0xff, 0xff, 0xff}
)

// fonts are loaded when the first chart is drawn.
var fonts = sync.OnceValue(func() *font.Cache { return font.NewCache(liberation.Collection()) })

// writing is a way to write text.
func writing(size vg.Length, bold bool, c color.Color) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = stdfont.WeightBold
	}
	return text.Style{Color: c, Font: f, Handler: text.Plain{Fonts: fonts()}}
}

// shorten cuts a text to a width, and makes it one line that every format can hold.
func shorten(style text.Style, s string, width vg.Length) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s))
	if style.Width(string(runes)) <= width {
		return string(runes)
	}
	low, high := 0, len(runes) // the longest beginning that fits together with the dots
	for low < high {
		if middle := (low + high + 1) / 2; style.Width(string(runes[:middle])+"…") <= width {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return string(runes[:low]) + "…"
}

// pen is the style of the lines of one name.
func pen(number int, l Line) draw.LineStyle {
	c := palette[number%len(palette)]
	style := draw.LineStyle{Color: c, Width: 2}
	if l.Faint {
		style.Color, style.Width = pale(c, 0.68), 1
	}
	switch round := number / len(palette); {
	case l.Dashed:
		style.Dashes = []vg.Length{7, 4}
	case round%3 == 1: // colors repeat: lines differ
		style.Dashes = []vg.Length{2, 3}
	case round%3 == 2:
		style.Dashes = []vg.Length{10, 3, 2, 3}
	}
	return style
}

// pale mixes a color with white; pictures without transparency look the same everywhere.
func pale(c color.RGBA, whiteness float64) color.RGBA {
	mix := func(v uint8) uint8 { return uint8(float64(v)*(1-whiteness) + 255*whiteness + 0.5) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 0xff}
}

// veil is a color that lets what is below shine through.
func veil(c color.RGBA, opacity float64) color.NRGBA {
	return color.NRGBA{c.R, c.G, c.B, uint8(255*opacity + 0.5)}
}
