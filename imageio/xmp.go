package imageio

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	xmpKeyword = "XML:com.adobe.xmp" // of a PNG chunk

	namespaceIPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
	namespaceXMP  = "http://ns.adobe.com/xap/1.0/"

	// sourceTypes is the vocabulary of the digital source type.
	sourceTypes = "http://cv.iptc.org/newscodes/digitalsourcetype/"
	trained     = "trainedAlgorithmicMedia"
	composite   = "compositeWithTrainedAlgorithmicMedia"
)

// xmp is the metadata as an XMP packet, nil where there is none.
func (m Metadata) xmp() []byte {
	if len(m.Text) == 0 && !m.Synthetic {
		return nil
	}
	var b bytes.Buffer
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` + "\n" +
		`<rdf:Description rdf:about="" xmlns:xmp="` + namespaceXMP + `" xmlns:Iptc4xmpExt="` + namespaceIPTC + `" xmlns:atelier="` + Namespace + `">` + "\n")
	if m.Synthetic {
		property(&b, "Iptc4xmpExt:DigitalSourceType", sourceTypes+trained)
	}
	if software, there := m.Text["Software"]; there {
		property(&b, "xmp:CreatorTool", software)
	}
	for _, key := range m.keys() {
		property(&b, "atelier:"+key, m.Text[key])
	}
	b.WriteString("</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>")
	return b.Bytes()
}

func property(b *bytes.Buffer, name, value string) {
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(value)) // a bytes.Buffer takes everything
	b.WriteString("</" + name + ">\n")
}

// readXMP reads a packet: properties as elements, which are written here, or as attributes, which other programs make of
// them.
func (m *Metadata) readXMP(packet []byte) error {
	if len(packet) == 0 {
		return nil
	}
	d := xml.NewDecoder(bytes.NewReader(packet))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("XMP packet: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			m.set(a.Name, a.Value)
		}
		if start.Name.Space != Namespace && start.Name.Space != namespaceIPTC {
			continue
		}
		var value string
		if err := d.DecodeElement(&value, &start); err != nil {
			return fmt.Errorf("XMP packet: %w", err)
		}
		m.set(start.Name, value)
	}
}

func (m *Metadata) set(name xml.Name, value string) {
	switch {
	case name.Space == Namespace && isKey(name.Local):
		m.Text[name.Local] = value
	case name.Space == namespaceIPTC && name.Local == "DigitalSourceType":
		kind := strings.TrimSpace(value)
		kind = kind[strings.LastIndexByte(kind, '/')+1:]
		m.Synthetic = kind == trained || kind == composite
	}
}
