//! BERT's tokenizer (BertNormalizer, BertPreTokenizer, WordPiece) without the library's bookkeeping of
//! where each character came from, which costs it most of its time. Gives the library's ids, to the
//! letter; `tokenizer_test.cc` compares the two on random text.

use ahash::AHashMap;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::models::ModelWrapper;
use tokenizers::normalizers::{BertNormalizer, NormalizerWrapper};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{Model, Tokenizer};
use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::UnicodeNormalization;

type Vocabulary = AHashMap<Box<[u8]>, i32>;

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Letter,
    Space,
    Punctuation,
    Removed,
}

pub struct BertTokenizer {
    normalizer: BertNormalizer,
    strip_accents: bool,
    classes: [Class; 128],
    lowered: [u8; 128],
    /// Whether an added token begins with this byte.
    begins_added_token: [bool; 256],
    added_tokens: Vec<Vec<u8>>,
    words: Vocabulary,
    /// Continuations without their prefix.
    pieces: Vocabulary,
    piece_bytes_max: usize,
    unknown_id: i32,
    word_characters_max: usize,
}

impl BertTokenizer {
    /// None when `library` does anything that this cannot do exactly.
    pub fn matching(library: &Tokenizer) -> Option<Self> {
        let Some(NormalizerWrapper::BertNormalizer(normalizer)) = library.get_normalizer() else {
            return None;
        };
        let Some(PreTokenizerWrapper::BertPreTokenizer(_)) = library.get_pre_tokenizer() else {
            return None;
        };
        let ModelWrapper::WordPiece(model) = library.get_model() else {
            return None;
        };
        if !normalizer.clean_text {
            return None;
        }
        Self::make(*normalizer, model, plain_added_tokens(library)?)
    }

    fn make(normalizer: BertNormalizer, model: &WordPiece, added: Vec<Vec<u8>>) -> Option<Self> {
        let vocabulary = model.get_vocab();
        let mut bert = BertTokenizer {
            strip_accents: normalizer.strip_accents.unwrap_or(normalizer.lowercase),
            classes: std::array::from_fn(|byte| ascii_class(byte as u8)),
            lowered: std::array::from_fn(|byte| match normalizer.lowercase {
                true => (byte as u8).to_ascii_lowercase(),
                false => byte as u8,
            }),
            begins_added_token: [false; 256],
            words: Vocabulary::with_capacity(vocabulary.len()),
            pieces: Vocabulary::with_capacity(vocabulary.len() / 4),
            piece_bytes_max: vocabulary.keys().map(|token| token.len()).max()?,
            unknown_id: *vocabulary.get(&model.unk_token)? as i32,
            word_characters_max: model.max_input_chars_per_word,
            added_tokens: added,
            normalizer,
        };
        for token in &bert.added_tokens {
            bert.begins_added_token[token[0] as usize] = true;
        }
        let prefix = model.continuing_subword_prefix.as_bytes();
        for (token, id) in &vocabulary {
            if let Some(piece) = token.as_bytes().strip_prefix(prefix) {
                bert.pieces.insert(piece.into(), *id as i32);
            }
            bert.words.insert(token.as_bytes().into(), *id as i32);
        }
        Some(bert)
    }

    /// Appends at most `count_max` ids to `ids`. False when the text holds an added token: the library
    /// must look at it.
    pub fn append(&self, text: &str, count_max: usize, ids: &mut Vec<i32>) -> bool {
        let end = ids.len().saturating_add(count_max);
        let bytes = text.as_bytes();
        let mut word = Vec::with_capacity(64);
        let mut normalized = String::new();
        let mut at = 0;
        // White space ends whatever went before it in every step, so pieces between can go alone.
        while at < bytes.len() && ids.len() < end {
            let begin = at;
            let mut ascii = true;
            while at < bytes.len() && !matches!(bytes[at], b' ' | b'\n' | b'\t' | b'\r') {
                if self.begins_added_token[bytes[at] as usize] && self.is_added_token(&bytes[at..])
                {
                    return false;
                }
                ascii &= bytes[at] < 128;
                at += 1;
            }
            if ascii {
                self.append_ascii(&bytes[begin..at], &mut word, ids);
            } else {
                self.normalize(&text[begin..at], &mut normalized);
                self.append_normalized(&normalized, &mut word, ids);
            }
            at += 1;
        }
        // A text that is cut may still hold an added token further on; what comes after the cut does not
        // matter, except that a token with spaces may begin before it.
        ids.truncate(end.min(ids.len()));
        true
    }

    fn is_added_token(&self, bytes: &[u8]) -> bool {
        self.added_tokens
            .iter()
            .any(|token| bytes.starts_with(token))
    }

    fn append_ascii(&self, piece: &[u8], word: &mut Vec<u8>, ids: &mut Vec<i32>) {
        for &byte in piece {
            match self.classes[byte as usize] {
                Class::Letter => word.push(self.lowered[byte as usize]),
                Class::Punctuation => {
                    self.end_word(word, ids);
                    word.push(byte);
                    self.end_word(word, ids);
                }
                Class::Space | Class::Removed => {}
            }
        }
        self.end_word(word, ids);
    }

    /// What BertNormalizer makes of a piece of text.
    fn normalize(&self, piece: &str, out: &mut String) {
        let mut clean = String::with_capacity(piece.len() + 16);
        for c in piece
            .chars()
            .filter(|&c| c != '\0' && c != '\u{fffd}' && !is_control(c))
        {
            if is_whitespace(c) {
                clean.push(' ');
            } else if self.normalizer.handle_chinese_chars && is_chinese(c) {
                clean.extend([' ', c, ' ']);
            } else {
                clean.push(c);
            }
        }
        if self.strip_accents {
            clean = clean
                .nfd()
                .map(|(c, _)| c)
                .filter(|c| !c.is_mark_nonspacing())
                .collect();
        }
        out.clear();
        if self.normalizer.lowercase {
            out.extend(clean.chars().flat_map(char::to_lowercase));
        } else {
            out.push_str(&clean);
        }
    }

    fn append_normalized(&self, normalized: &str, word: &mut Vec<u8>, ids: &mut Vec<i32>) {
        for c in normalized.chars() {
            if c.is_whitespace() {
                self.end_word(word, ids);
            } else if c.is_ascii_punctuation() || c.is_punctuation() {
                self.end_word(word, ids);
                push_character(word, c);
                self.end_word(word, ids);
            } else {
                push_character(word, c);
            }
        }
        self.end_word(word, ids);
    }

    fn end_word(&self, word: &mut Vec<u8>, ids: &mut Vec<i32>) {
        if !word.is_empty() {
            self.append_word(word, ids);
            word.clear();
        }
    }

    /// Longest match first; a word with a rest that nothing matches becomes one unknown token.
    fn append_word(&self, word: &[u8], ids: &mut Vec<i32>) {
        if word.len() > self.word_characters_max && character_count(word) > self.word_characters_max
        {
            ids.push(self.unknown_id);
            return;
        }
        if let Some(&id) = self.words.get(word) {
            ids.push(id);
            return;
        }
        let first = ids.len();
        let mut begin = 0;
        while begin < word.len() {
            let vocabulary = if begin == 0 {
                &self.words
            } else {
                &self.pieces
            };
            let Some((end, id)) = self.longest_match(vocabulary, word, begin) else {
                ids.truncate(first);
                ids.push(self.unknown_id);
                return;
            };
            ids.push(id);
            begin = end;
        }
    }

    fn longest_match(&self, from: &Vocabulary, word: &[u8], begin: usize) -> Option<(usize, i32)> {
        let mut end = word.len().min(begin + self.piece_bytes_max);
        while end > begin {
            // Never in the middle of a character.
            if end == word.len() || !is_continuation(word[end]) {
                if let Some(&id) = from.get(&word[begin..end]) {
                    return Some((end, id));
                }
            }
            end -= 1;
        }
        None
    }
}

/// The added tokens' text, or None when one of them asks for more than being found as it stands.
fn plain_added_tokens(library: &Tokenizer) -> Option<Vec<Vec<u8>>> {
    let mut tokens = vec![];
    for token in library.get_added_tokens_decoder().values() {
        if token.normalized || token.single_word || token.lstrip || token.rstrip {
            return None;
        }
        if token.content.is_empty() || token.content.contains(char::is_whitespace) {
            return None;
        }
        tokens.push(token.content.clone().into_bytes());
    }
    Some(tokens)
}

fn ascii_class(byte: u8) -> Class {
    match byte {
        b' ' | b'\t' | b'\n' | b'\r' => Class::Space,
        0..=31 | 127 => Class::Removed,
        _ if byte.is_ascii_punctuation() => Class::Punctuation,
        _ => Class::Letter,
    }
}

fn is_control(c: char) -> bool {
    !matches!(c, '\t' | '\n' | '\r') && c.is_other()
}

fn is_whitespace(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || c.is_whitespace()
}

/// The CJK ideographs, which BERT sets apart from each other.
fn is_chinese(c: char) -> bool {
    matches!(
        c as u32,
        0x4E00..=0x9FFF
            | 0x3400..=0x4DBF
            | 0x20000..=0x2A6DF
            | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F
            | 0x2B920..=0x2CEAF
            | 0xF900..=0xFAFF
            | 0x2F800..=0x2FA1F
    )
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

fn character_count(word: &[u8]) -> usize {
    word.iter().filter(|&&byte| !is_continuation(byte)).count()
}

fn push_character(word: &mut Vec<u8>, c: char) {
    word.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
