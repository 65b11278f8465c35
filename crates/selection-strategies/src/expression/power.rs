//! Powers to the last digit.

/// Go's `math.Pow`: a whole exponent is worked off by squaring, so that the last digit is the same.
pub(super) fn power(base: f64, exponent: f64) -> f64 {
    let whole = exponent.fract() == 0.0 && exponent.abs() < 9e15;
    if !whole || !base.is_normal() || exponent == 0.0 {
        return if exponent.abs() == 0.5 && base.is_normal() {
            root(base, exponent)
        } else {
            base.powf(exponent)
        };
    }
    // Fractions between a half and one, and their powers of two apart: nothing overflows on the way.
    let (mut factor, mut factor_scale) = fraction_and_scale(base);
    let (mut result, mut scale) = (1.0_f64, 0_i64);
    let mut rest = exponent.abs() as u64;
    while rest > 0 {
        if factor_scale.unsigned_abs() > 1 << 20 {
            // Far beyond what a float can be, up or down.
            scale = scale.saturating_add(factor_scale);
            break;
        }
        if rest % 2 == 1 {
            result *= factor;
            scale += factor_scale;
        }
        factor *= factor;
        factor_scale *= 2;
        if factor < 0.5 {
            factor *= 2.0;
            factor_scale -= 1;
        }
        rest /= 2;
    }
    if exponent < 0.0 {
        (result, scale) = (1.0 / result, -scale);
    }
    with_scale(result, scale)
}

fn root(base: f64, exponent: f64) -> f64 {
    if exponent < 0.0 { 1.0 / base.sqrt() } else { base.sqrt() }
}

/// A normal number as a fraction of at least a half and a power of two.
fn fraction_and_scale(number: f64) -> (f64, i64) {
    const EXPONENT: u64 = 0x7ff << 52;
    let bits = number.to_bits();
    let scale = ((bits & EXPONENT) >> 52) as i64 - 1022;
    (f64::from_bits(bits & !EXPONENT | 1022 << 52), scale)
}

fn with_scale(mut fraction: f64, scale: i64) -> f64 {
    let mut scale = scale.clamp(-3000, 3000);
    while scale != 0 {
        // In steps that are powers of two themselves.
        let step = scale.clamp(-1000, 1000);
        fraction *= f64::from_bits(((1023 + step) as u64) << 52);
        scale -= step;
    }
    fraction
}
