package table

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// rawTexts is how many ways of writing numbers are remembered.
const rawTexts = 4096

// coder turns the fields of a column into codes. Codes of a category number its texts. Code 0 of a number is missing,
// others number its values until there are too many, from when on they are of bins.
type coder struct {
	column *Column
	dict   *dictionary
	ofByte [256]uint32 // the code plus one of texts of one byte, zero where there is none yet

	// Of numbers:
	cuts   []float64
	ofText []uint32           // the code of each text of dict
	ofNum  map[float64]uint32 // nil once there are bins
	nums   []float64          // nums[code], nums[0] is missing
}

func newCoder(c *Column) *coder {
	k := &coder{column: c, dict: newDictionary()}
	if c.Kind == Number {
		k.cuts = c.cuts()
		k.ofNum = map[float64]uint32{}
		k.nums = []float64{math.NaN()}
	}
	return k
}

// code returns the code of the field buf[from:to]. buf has padding.
func (k *coder) code(buf []byte, from, to int) (uint32, error) {
	code, err := k.look(buf, from, to)
	if to-from == 1 && err == nil {
		k.ofByte[buf[from]] = code + 1
	}
	return code, err
}

func (k *coder) look(buf []byte, from, to int) (uint32, error) {
	if k.column.Kind == Number {
		return k.number(buf, from, to)
	}
	if code, found := k.dict.find(buf, from, to); found {
		return code, nil
	}
	if limit := k.column.maxValues(); len(k.dict.texts) == limit {
		return 0, &TooManyValuesError{k.column.Name, limit}
	}
	if !utf8.Valid(buf[from:to]) {
		return 0, fmt.Errorf("column %q: %q is not UTF-8: convert the file", k.column.Name, buf[from:to])
	}
	return k.dict.add(buf, from, to), nil
}

func (k *coder) number(buf []byte, from, to int) (uint32, error) {
	if k.ofNum != nil {
		if text, found := k.dict.find(buf, from, to); found {
			return k.ofText[text], nil
		}
	}
	v, err := parseNumber(buf[from:to])
	if err != nil {
		return 0, fmt.Errorf("column %q: %q is not a finite number", k.column.Name, buf[from:to])
	}
	code := k.ofValue(v)
	if k.ofNum != nil && len(k.ofText) < rawTexts {
		k.dict.add(buf, from, to)
		k.ofText = append(k.ofText, code)
	}
	return code, nil
}

// ofValue returns the code of a number.
func (k *coder) ofValue(v float64) uint32 {
	if math.IsNaN(v) {
		return 0
	}
	if k.ofNum != nil {
		if code, known := k.ofNum[v]; known {
			return code
		}
		if len(k.ofNum) < exactNumbers {
			code := uint32(len(k.nums))
			k.ofNum[v] = code
			k.nums = append(k.nums, v)
			return code
		}
		k.ofNum = nil
	}
	return binOf(v, k.cuts)
}
