package pth

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/atelier-go/atelier/safetensors"
)

// global is one of Python's names that files of tensors have.
type global struct {
	module, name string
	dtype        safetensors.DType                         // of a type of storage
	function     func(m *machine, args tuple) (any, error) // of something that is called
}

func (g global) String() string { return g.module + "." + g.name }

// globals are all names that are known.
var globals = []global{
	{module: "collections", name: "OrderedDict", function: orderedDict},
	{module: "torch._utils", name: "_rebuild_tensor", function: rebuildTensor},
	{module: "torch._utils", name: "_rebuild_tensor_v2", function: rebuildTensor},
	{module: "torch._utils", name: "_rebuild_parameter", function: rebuildParameter},
	{module: "torch", name: "FloatStorage", dtype: safetensors.F32},
	{module: "torch", name: "DoubleStorage", dtype: safetensors.F64},
	{module: "torch", name: "HalfStorage", dtype: safetensors.F16},
	{module: "torch", name: "BFloat16Storage", dtype: safetensors.BF16},
	{module: "torch", name: "LongStorage", dtype: safetensors.I64},
	{module: "torch", name: "IntStorage", dtype: safetensors.I32},
	{module: "torch", name: "ShortStorage", dtype: safetensors.I16},
	{module: "torch", name: "CharStorage", dtype: safetensors.I8},
	{module: "torch", name: "ByteStorage", dtype: safetensors.U8},
	{module: "torch", name: "BoolStorage", dtype: safetensors.Bool},
}

func globalNamed(module, name string) (global, error) {
	i := slices.IndexFunc(globals, func(g global) bool { return g.module == module && g.name == name })
	if i < 0 {
		return global{}, fmt.Errorf("its pickle names %q of Python's module %q, which is not one of those that describe "+
			"tensors: refused (of a whole model, save model.state_dict())", shorten(name), shorten(module))
	}
	return globals[i], nil
}

// shorten keeps a name of the file from filling the screen.
func shorten(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}

func (g global) call(m *machine, args tuple) (any, error) {
	if g.function == nil {
		return nil, fmt.Errorf("a pickle that calls %s", g)
	}
	v, err := g.function(m, args)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g, err)
	}
	return v, nil
}

// orderedDict is a dictionary: OrderedDict(), or OrderedDict([[key, value], ...]).
func orderedDict(m *machine, args tuple) (any, error) {
	d := &dict{}
	if len(args) == 0 {
		return d, nil
	}
	pairs, ok := args[0].(*list)
	if !ok || len(args) > 1 {
		return nil, fmt.Errorf("%d arguments, the first %s: want a list of pairs", len(args), kindOf(args[0]))
	}
	for _, p := range pairs.items {
		var items []any
		switch p := p.(type) {
		case tuple:
			items = p
		case *list:
			items = p.items
		}
		if len(items) != 2 {
			return nil, fmt.Errorf("an element that is %s: want a pair", kindOf(p))
		}
		if err := m.set(d, items); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// storage is a row of numbers of the file.
type storage struct {
	dtype safetensors.DType
	key   string
	// first is the element of the row key at which a view of it begins; length is its number of elements, whole that of the
	// whole row.
	first, length, whole int64
}

// storageOf reads PyTorch's persistent identifier: ("storage", type, key, device, length), and in old files the view,
// nothing or (key, first, length).
func storageOf(id any) (any, error) {
	t, ok := id.(tuple)
	if !ok || len(t) < 5 || len(t) > 6 || t[0] != "storage" {
		return nil, fmt.Errorf("a persistent identifier that is no storage: %s", kindOf(id))
	}
	kind, ok := t[1].(global)
	key, ok2 := t[2].(string)
	length, ok3 := t[4].(int64)
	if !ok || !ok2 || !ok3 || kind.dtype == "" || length < 0 || len(key) > maxKey {
		return nil, fmt.Errorf("a storage described by %s, %s and %s", kindOf(t[1]), kindOf(t[2]), kindOf(t[4]))
	}
	s := storage{dtype: kind.dtype, key: key, length: length, whole: length}
	if len(t) < 6 || t[5] == nil {
		return s, nil
	}
	view, ok := t[5].(tuple)
	if !ok || len(view) != 3 {
		return nil, fmt.Errorf("a view of storage %q that is %s", shorten(key), kindOf(t[5]))
	}
	first, ok := view[1].(int64)
	part, ok2 := view[2].(int64)
	if !ok || !ok2 || first < 0 || part < 0 || first > length || part > length-first {
		return nil, fmt.Errorf("a view of storage %q beyond its %d elements", shorten(key), length)
	}
	s.first, s.length = first, part
	return s, nil
}

// tensor is a tensor of the file: element [i, j, ...] is at first + i·strides[0] + j·strides[1] + ... of its storage.
type tensor struct {
	storage
	first          int64 // from the storage's first
	shape, strides []int64
}

// rebuildTensor makes a tensor of its storage, first element, shape and strides; what follows is about gradients.
func rebuildTensor(_ *machine, args tuple) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("%d arguments: want storage, offset, shape and strides", len(args))
	}
	s, ok := args[0].(storage)
	first, ok2 := args[1].(int64)
	shape, ok3 := integers(args[2])
	strides, ok4 := integers(args[3])
	if !ok || !ok2 || !ok3 || !ok4 || first < 0 || len(shape) != len(strides) {
		return nil, fmt.Errorf("arguments %s, %s, %s, %s: want storage, offset, shape and strides, none negative, of at most %d axes",
			kindOf(args[0]), kindOf(args[1]), kindOf(args[2]), kindOf(args[3]), maxAxes)
	}
	t := tensor{storage: s, first: first, shape: shape, strides: strides}
	return t, t.check()
}

// rebuildParameter is the tensor, its first argument.
func rebuildParameter(_ *machine, args tuple) (any, error) {
	if len(args) > 0 {
		if t, ok := args[0].(tensor); ok {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%d arguments: want a tensor first", len(args))
}

// maxAxes is PyTorch's limit. One tuple, which is written once, can be the shape of many tensors.
const maxAxes = 64

func integers(v any) ([]int64, bool) {
	t, ok := v.(tuple)
	if !ok || len(t) > maxAxes {
		return nil, false
	}
	n := make([]int64, len(t))
	for i, e := range t {
		if n[i], ok = e.(int64); !ok || n[i] < 0 {
			return nil, false
		}
	}
	return n, true
}

// check checks that all elements lie within the storage, and that there are no more of them than it has: PyTorch's
// expanded tensors, which repeat elements, could be of any size.
func (t tensor) check() error {
	if slices.Contains(t.shape, 0) {
		return nil
	}
	count, last := uint64(1), uint64(t.first)
	for i, n := range t.shape {
		high, low := bits.Mul64(count, uint64(n))
		if high != 0 || low > uint64(t.length) {
			return fmt.Errorf("a tensor of shape %v in a storage of %d elements", t.shape, t.length)
		}
		count = low
		high, low = bits.Mul64(uint64(n-1), uint64(t.strides[i]))
		if high != 0 || low > uint64(t.length) {
			return fmt.Errorf("a tensor of shape %v with strides %v reaches beyond its storage of %d elements", t.shape, t.strides, t.length)
		}
		last += low
		if last > uint64(t.length) {
			break
		}
	}
	if last >= uint64(t.length) {
		return fmt.Errorf("a tensor of shape %v with strides %v from element %d reaches beyond its storage of %d elements",
			t.shape, t.strides, t.first, t.length)
	}
	return nil
}
