package imageio

// framesOfGIF counts the frames of a GIF, up to two: whether there are more than one is all that is asked.
func framesOfGIF(file []byte) (frames int) {
	const screen = 13
	rest := from(file, screen)
	if len(file) >= screen {
		rest = from(rest, colours(file[10]))
	}
	for len(rest) > 0 && frames < 2 {
		switch rest[0] {
		case 0x21: // an extension: its kind, and blocks
			rest = afterBlocks(from(rest, 2))
		case 0x2c: // a frame: place, size, flags, colours, the size of codes, and blocks
			if len(rest) < 11 {
				return frames
			}
			frames++
			rest = afterBlocks(from(rest, 10+colours(rest[9])+1))
		default: // the end
			return frames
		}
	}
	return frames
}

// colours is how many bytes the table of colours takes that flags announce.
func colours(flags byte) uint64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// afterBlocks skips blocks of up to 255 bytes, each after its length; one of length 0 ends them.
func afterBlocks(rest []byte) []byte {
	for len(rest) > 0 {
		n := uint64(rest[0])
		rest = from(rest, 1+n)
		if n == 0 {
			break
		}
	}
	return rest
}
