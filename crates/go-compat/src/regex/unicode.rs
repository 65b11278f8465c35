//! Classes of Unicode characters by name: `\p{Greek}`, `\pN`, `\P{^Uppercase Letter}`.

/// A class without characters.
pub(super) const NOTHING: &str = r"[^\x00-\x{10FFFF}]";

/// Reads the class that `text`, which begins with `\p` or `\P`, begins with: an item for a class
/// in brackets, and the length of what was read. `None` for a name that Go does not know.
pub(super) fn read(text: &str) -> Option<(String, usize)> {
    let escaped = text.get(2..).unwrap_or_default();
    let (name, length) = if let Some(braced) = escaped.strip_prefix('{') {
        let (name, _) = braced.split_once('}')?;
        (name, name.len() + 4)
    } else {
        let letter = escaped.chars().next().map_or(0, char::len_utf8);
        (escaped.get(..letter).unwrap_or_default(), letter + 2)
    };
    let (name, inner_negation) = match name.strip_prefix('^') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let negated = text.starts_with(r"\P") != inner_negation;
    let class = lookup(&canonical(name))?;
    let item = match (class, negated) {
        (Class::Everything, false) | (Class::Nothing, true) => r"\x00-\x{10FFFF}".to_owned(),
        (Class::Everything, true) | (Class::Nothing, false) => NOTHING.to_owned(),
        (Class::Category(name), false) => format!(r"\p{{gc={name}}}"),
        (Class::Category(name), true) => format!(r"\P{{gc={name}}}"),
        (Class::Script(name), false) => format!(r"\p{{sc={name}}}"),
        (Class::Script(name), true) => format!(r"\P{{sc={name}}}"),
        (Class::Ascii, false) => r"\x00-\x7F".to_owned(),
        (Class::Ascii, true) => r"[^\x00-\x7F]".to_owned(),
        (Class::Assigned, false) => r"\P{gc=Cn}".to_owned(),
        (Class::Assigned, true) => r"\p{gc=Cn}".to_owned(),
    };
    Some((item, length))
}

enum Class {
    Everything,
    Nothing,
    Ascii,
    Assigned,
    Category(&'static str),
    Script(&'static str),
}

/// The first letter upper, the others lower case; without spaces, hyphens and underscores.
fn canonical(name: &str) -> String {
    let mut canonical = String::with_capacity(name.len());
    for letter in name.chars().filter(|letter| !matches!(letter, ' ' | '-' | '_')) {
        if canonical.is_empty() {
            canonical.push(letter.to_ascii_uppercase());
        } else {
            canonical.push(letter.to_ascii_lowercase());
        }
    }
    canonical
}

fn lookup(name: &str) -> Option<Class> {
    match name {
        "Any" => return Some(Class::Everything),
        "Ascii" => return Some(Class::Ascii),
        "Assigned" => return Some(Class::Assigned),
        // Surrogates are characters to Go, but no text has any.
        "Cs" | "Surrogate" => return Some(Class::Nothing),
        _ => {}
    }
    let category = CATEGORIES.iter().find(|(short, long)| *short == name || long.contains(&name));
    if let Some((short, _)) = category {
        return Some(Class::Category(short));
    }
    SCRIPTS.split(' ').find(|script| *script == name).map(Class::Script)
}

/// General categories, with the longer names that Go knows for them.
const CATEGORIES: &[(&str, &[&str])] = &[
    ("C", &["Other"]),
    ("Cc", &["Control", "Cntrl"]),
    ("Cf", &["Format"]),
    ("Cn", &["Unassigned"]),
    ("Co", &["Privateuse"]),
    ("L", &["Letter"]),
    ("Lc", &["Casedletter"]),
    ("Ll", &["Lowercaseletter"]),
    ("Lm", &["Modifierletter"]),
    ("Lo", &["Otherletter"]),
    ("Lt", &["Titlecaseletter"]),
    ("Lu", &["Uppercaseletter"]),
    ("M", &["Mark", "Combiningmark"]),
    ("Mc", &["Spacingmark"]),
    ("Me", &["Enclosingmark"]),
    ("Mn", &["Nonspacingmark"]),
    ("N", &["Number"]),
    ("Nd", &["Decimalnumber", "Digit"]),
    ("Nl", &["Letternumber"]),
    ("No", &["Othernumber"]),
    ("P", &["Punctuation", "Punct"]),
    ("Pc", &["Connectorpunctuation"]),
    ("Pd", &["Dashpunctuation"]),
    ("Pe", &["Closepunctuation"]),
    ("Pf", &["Finalpunctuation"]),
    ("Pi", &["Initialpunctuation"]),
    ("Po", &["Otherpunctuation"]),
    ("Ps", &["Openpunctuation"]),
    ("S", &["Symbol"]),
    ("Sc", &["Currencysymbol"]),
    ("Sk", &["Modifiersymbol"]),
    ("Sm", &["Mathsymbol"]),
    ("So", &["Othersymbol"]),
    ("Z", &["Separator"]),
    ("Zl", &["Lineseparator"]),
    ("Zp", &["Paragraphseparator"]),
    ("Zs", &["Spaceseparator"]),
];

/// Scripts. Go 1.26 looks names up without underscores but keeps those of two words with them,
/// so it finds none of these.
const SCRIPTS: &str = "\
Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bhaiksuki Bopomofo Brahmi Braille \
Buginese Buhid Carian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cyrillic \
Deseret Devanagari Dogra Duployan Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek \
Gujarati Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana Inherited Javanese Kaithi Kannada \
Katakana Kawi Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Lisu Lycian Lydian Mahajani \
Makasar Malayalam Mandaic Manichaean Marchen Medefaidrin Miao Modi Mongolian Mro Multani Myanmar \
Nabataean Nandinagari Newa Nko Nushu Ogham Oriya Osage Osmanya Palmyrene Phoenician Rejang Runic \
Samaritan Saurashtra Sharada Shavian Siddham Sinhala Sogdian Soyombo Sundanese Syriac Tagalog \
Tagbanwa Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai \
Vithkuqi Wancho Yezidi Yi";
