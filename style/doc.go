// Package style paints a picture in the style of others by changing its pixels until features of a network say that it has
// the content of one and the style of the others (Gatys, Ecker and Bethge, "A Neural Algorithm of Artistic Style", 2015).
package style
