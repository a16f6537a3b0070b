// Package imageio reads pictures: PNG of 8 and 16 bits, JPEG, TIFF, WebP, the first frame of a GIF, and BMP.
//
// What comes out is always a [Picture]: 8 bits per channel, interleaved, upright (the EXIF orientation is applied), with
// as many channels as asked for. Transparency is blended onto white unless four channels are asked for.
//
//	p, err := imageio.Read("cat.jpg", imageio.Options{}) // p: [H W 3]
//	small, err := imageio.Resize(p, 224, 224, imageio.Bilinear)
//
// The functions return errors that name the format and the sizes; none panics on a damaged file. A picture whose header
// announces more pixels than [Options.MaxPixels] is refused before memory is taken for it.
//
// All functions may be called concurrently. A [Resizer] belongs to one goroutine.
package imageio
