// Package builtin draws a picture to paint and a picture to paint it like, for machines that have neither at hand. Both
// are computed, not photographed, so that they may be shown and shared without asking anyone; the same size gives the
// same pixels.
//
//	content := builtin.Landscape(512)
//	style := builtin.Strokes(512)
package builtin
