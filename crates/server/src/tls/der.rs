//! As much of DER as it takes to find a name in a certificate.

/// A value behind its tag.
pub(super) type Element<'a> = (u8, &'a [u8]);

/// Reads elements one after the other; what is malformed ends it.
#[derive(Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

/// `SEQUENCE`.
pub(super) const SEQUENCE: u8 = 0x30;

impl<'a> Iterator for Der<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (len, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            long => {
                let bytes = usize::from(long & 0x7f);
                // Certificates are far shorter than what four bytes can say.
                if !(1..=4).contains(&bytes) {
                    return None;
                }
                let (digits, rest) = rest.split_at_checked(bytes)?;
                let len = digits
                    .iter()
                    .fold(0_usize, |len, digit| len << 8 | usize::from(*digit));
                (len, rest)
            }
        };
        let (value, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((*tag, value))
    }
}

impl<'a> Der<'a> {
    /// The next element's content, if it has this tag; nothing is taken otherwise.
    pub(super) fn tagged(&mut self, wanted: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let (tag, value) = ahead.next()?;
        (tag == wanted).then(|| {
            *self = ahead;
            value
        })
    }

    /// The next element's inside, if it has this tag.
    pub(super) fn enter(&mut self, wanted: u8) -> Option<Self> {
        self.tagged(wanted).map(Self)
    }
}
