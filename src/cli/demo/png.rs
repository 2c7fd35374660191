//! Small true-colour PNG images, written by hand: no dependency for thirty pictures of a sample.

use super::random::Random;

const WIDTH: u32 = 96;
const HEIGHT: u32 = 64;

/// A picture as a microscope might take it: soft spots on a dark, noisy ground.
pub(super) fn micrograph(random: &mut Random) -> Vec<u8> {
    let spots: Vec<(f64, f64, f64)> = (0..6 + random.below(8))
        .map(|_| (random.unit() * f64::from(WIDTH), random.unit() * f64::from(HEIGHT), 2.0 + random.unit() * 6.0))
        .collect();
    let is_green = random.chance(0.5);
    let mut rows = Vec::new();
    for y in 0..HEIGHT {
        // Filter type 0: the row as it is.
        rows.push(0);
        for x in 0..WIDTH {
            let distance = |cx: f64, cy: f64| (f64::from(x) - cx).powi(2) + (f64::from(y) - cy).powi(2);
            let glow: f64 = spots.iter().map(|(cx, cy, r)| (-distance(*cx, *cy) / (2.0 * r * r)).exp()).sum();
            let light = byte(glow.min(1.0) * 220.0 + random.unit() * 24.0);
            let dim = light / 3;
            rows.extend(if is_green { [dim, light, dim] } else { [light, dim, light / 2] });
        }
    }
    encode(&rows)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte's range")]
fn byte(value: f64) -> u8 {
    value.clamp(0.0, 255.0) as u8
}

fn encode(rows: &[u8]) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend(WIDTH.to_be_bytes());
    header.extend(HEIGHT.to_be_bytes());
    // Eight bits a channel, RGB, deflate, adaptive filters, not interlaced.
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"IDAT", &zlib_stored(rows));
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], bytes: &[u8]) {
    png.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = png.len();
    png.extend(kind);
    png.extend(bytes);
    let sum = crc32(&png[start..]);
    png.extend(sum.to_be_bytes());
}

/// RFC 1950 around RFC 1951's stored blocks.
fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks: Vec<&[u8]> = bytes.chunks(0xffff).collect();
    for (index, block) in blocks.iter().enumerate() {
        let len = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(index + 1 == blocks.len()));
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend(*block);
    }
    out.extend(adler32(bytes).to_be_bytes());
    out
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn crc32(bytes: &[u8]) -> u32 {
    let shift = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| shift(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_their_specifications() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn readers_see_its_size() {
        let png = micrograph(&mut Random::seeded(1));
        let size = imagesize::blob_size(&png).unwrap();
        assert_eq!((size.width, size.height), (96, 64));
    }
}
