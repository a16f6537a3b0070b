package weights

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/atelier-go/atelier/zoo"
)

// preprocess is how the pictures were prepared that weights were trained on.
type preprocess struct {
	zoo.Input      // of red, green, blue
	bgr       bool // the first kernel's input channels are blue, green, red
}

var (
	torchvision = preprocess{Input: zoo.TorchvisionInput}
	caffe       = preprocess{Input: zoo.CaffeInput, bgr: true}
)

var (
	orderPattern = regexp.MustCompile(`\b(RGB|BGR)\b`)
	rangePattern = regexp.MustCompile(`\b0\.\.(1|255)\b`)
	meanPattern  = regexp.MustCompile(`\bmean \(([^()]*)\)`)
	stdPattern   = regexp.MustCompile(`\bstd \(([^()]*)\)`)
)

// parsePreprocess reads a file's entry "preprocess": the order of channels, RGB or BGR, their range, 0..1 or 0..255, and
// what is subtracted and then divided by, in this order and range, nothing if not said:
//
//	caffe: BGR, 0..255, minus mean (103.939, 116.779, 123.68)
//	torchvision: RGB, 0..1, mean (0.485, 0.456, 0.406), std (0.229, 0.224, 0.225)
func parsePreprocess(s string) (preprocess, error) {
	var p preprocess
	order, limits := orderPattern.FindString(s), rangePattern.FindStringSubmatch(s)
	if order == "" || limits == nil {
		return p, fmt.Errorf("its preprocess is %q: want RGB or BGR, 0..1 or 0..255, and perhaps mean (...), std (...)", s)
	}
	mean, err := triple(meanPattern, s, 0)
	if err != nil {
		return p, err
	}
	std, err := triple(stdPattern, s, 1)
	if err != nil {
		return p, err
	}
	top := 1.
	if limits[1] == "255" {
		top = 255
	}
	p.bgr = order == "BGR"
	for c := range 3 {
		from := c
		if p.bgr {
			from = 2 - c
		}
		if !(std[from] > 0) {
			return p, fmt.Errorf("its preprocess is %q: want positive numbers for std", s)
		}
		p.Mean[c], p.Std[c] = mean[from]/top, std[from]/top
	}
	return p, nil
}

// triple is the three numbers of a pattern, or def thrice if it is not there.
func triple(pattern *regexp.Regexp, s string, def float64) (v [3]float64, err error) {
	m := pattern.FindStringSubmatch(s)
	if m == nil {
		return [3]float64{def, def, def}, nil
	}
	parts := strings.Split(m[1], ",")
	if len(parts) == 3 {
		for i, p := range parts {
			if v[i], err = strconv.ParseFloat(strings.TrimSpace(p), 64); err != nil {
				break
			}
			if v[i]-v[i] != 0 {
				err = errors.New("not finite")
				break
			}
		}
		if err == nil {
			return v, nil
		}
	}
	return v, fmt.Errorf("its preprocess is %q: want three numbers in %q", s, m[0])
}

// Preprocess is how the pictures were prepared that the weights in a file were trained on, and whether the inputs of the first
// kernel are blue, green, red. It is what the file's metadata say, or the table of known weights of the file with its hash;
// known is false where both are silent.
func (f *File) Preprocess(hash string) (in zoo.Input, bgr, known bool, err error) {
	if s, ok := f.Metadata()["preprocess"]; ok {
		p, err := parsePreprocess(s)
		if err != nil {
			return in, false, false, fmt.Errorf("weights: %s: %w", f.name, err)
		}
		return p.Input, p.bgr, true, nil
	}
	if k, ok := ofHash(hash); ok {
		return k.preprocess.Input, k.preprocess.bgr, true, nil
	}
	return zoo.Input{}, false, false, nil
}

// String is what parsePreprocess reads.
func (p preprocess) String() string {
	mean, std, order := p.Mean, p.Std, "RGB"
	if p.bgr {
		order = "BGR"
		mean[0], mean[2], std[0], std[2] = mean[2], mean[0], std[2], std[0]
	}
	return fmt.Sprintf("%s, 0..1, mean (%v, %v, %v), std (%v, %v, %v)", order, mean[0], mean[1], mean[2], std[0], std[1], std[2])
}
