package imageio

import (
	"encoding/binary"
	"iter"
)

// tiffField is an entry of a TIFF directory.
type tiffField struct {
	tag, kind uint16
	count     uint32
	value     []byte // 4 bytes: the values where they fit, otherwise where they are
}

// tiffFields are the entries of the first directory of a TIFF structure, up to where it ends; none where it is none.
func tiffFields(file []byte) (binary.ByteOrder, iter.Seq[tiffField]) {
	var order binary.ByteOrder = binary.LittleEndian
	if begins(file, "MM\x00*") {
		order = binary.BigEndian
	} else if !begins(file, "II*\x00") {
		file = nil
	}
	return order, func(yield func(tiffField) bool) {
		if len(file) < 8 {
			return
		}
		directory := from(file, uint64(order.Uint32(file[4:])))
		if len(directory) < 2 {
			return
		}
		entries := directory[2:]
		for range order.Uint16(directory) {
			if len(entries) < 12 || !yield(tiffField{order.Uint16(entries), order.Uint16(entries[2:]), order.Uint32(entries[4:]), entries[8:12]}) {
				return
			}
			entries = entries[12:]
		}
	}
}

// tiffBytes are the bytes of an entry of a TIFF file, nil where there is none.
func tiffBytes(file []byte, tag uint16) []byte {
	order, fields := tiffFields(file)
	for f := range fields {
		if f.tag != tag || f.kind != tiffBYTE && f.kind != tiffUNDEFINED {
			continue
		}
		if f.count <= 4 {
			return f.value[:f.count]
		}
		if data := from(file, uint64(order.Uint32(f.value))); uint64(len(data)) >= uint64(f.count) {
			return data[:f.count]
		}
		return nil
	}
	return nil
}
