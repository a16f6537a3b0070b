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

// pagesOfTIFF counts the pages of a TIFF file, up to two: whether there are more than one is all that is asked. Thumbnails
// and masks are no pages.
func pagesOfTIFF(file []byte) (pages int) {
	order, fields := tiffFields(file)
	at := uint32(0)
	for range fields { // there is a first directory
		at = order.Uint32(file[4:])
		break
	}
	const most = 64 // directories, which may be linked in a circle
	for range most {
		directory := from(file, uint64(at))
		if at == 0 || len(directory) < 2 || pages > 1 {
			break
		}
		end := 2 + 12*int(order.Uint16(directory))
		if len(directory) < end+4 {
			break
		}
		if !smallerOrMask(directory[2:end], order) {
			pages++
		}
		at = order.Uint32(directory[end:])
	}
	return pages
}

// smallerOrMask tells whether a directory's entries say that it is a smaller version or a mask of another picture.
func smallerOrMask(entries []byte, order binary.ByteOrder) bool {
	const newSubfileType, smaller, mask = 254, 1, 4
	for e := entries; len(e) >= 12; e = e[12:] {
		if order.Uint16(e) == newSubfileType {
			return order.Uint32(e[8:])&(smaller|mask) != 0
		}
	}
	return false
}
