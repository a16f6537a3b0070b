// Package imageio reads, resizes and writes pictures: PNG of 8 and 16 bits, JPEG, TIFF, WebP, GIF and BMP in; PNG, JPEG
// and TIFF out. Of animations the first frame is read.
//
// There are two kinds of picture. A [Picture] is for networks to look at: 8 bits per channel, interleaved, with as many
// channels as asked for, blended onto white unless four are asked for; colour profiles are ignored, as PIL and torchvision
// do.
//
//	p, err := imageio.Read("cat.jpg", imageio.Options{}) // p: [H W 3]
//	small, err := imageio.Resize(p, 224, 224, imageio.Bilinear)
//
// A [Float] is for painting: all the bits that the file has, sRGB in 0..1 with other colour profiles converted, alpha apart.
//
//	p, info, err := imageio.ReadFloat("cat.jpg", imageio.FloatOptions{})
//	half, err := imageio.ResizeFloat(p, p.H/2, p.W/2, imageio.Lanczos)
//	err = imageio.Write("small.png", half, imageio.WriteOptions{
//		Bits:     16,
//		Metadata: imageio.Metadata{Text: map[string]string{"seed": "1"}, Synthetic: true},
//	})
//	m, err := imageio.ReadMetadata("small.png") // m.Text["seed"] is "1"
//
// Both are upright: the EXIF orientation is applied.
//
// The functions return errors that name the format and the sizes, height first; none panics on a damaged file. A picture
// whose header announces more pixels than Options.MaxPixels is refused before memory is taken for it, a file of more than
// [MaxFile] bytes and what is no regular file before it is opened, and [Probe] decodes the header alone.
//
// All functions may be called concurrently. A [Resizer] belongs to one goroutine.
package imageio
