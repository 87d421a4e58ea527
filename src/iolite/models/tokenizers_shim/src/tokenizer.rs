//! One opened tokenizer: the library's, set up our way, and the fast path beside it where one fits.

use std::borrow::Cow;

use tokenizers::{EncodeInput, Encoding, PostProcessor, Tokenizer, TruncationParams};

use crate::bert::BertTokenizer;

pub const WITH_SPECIAL_TOKENS: u32 = 1;
pub const WITH_SPANS: u32 = 2;

pub struct Options {
    /// 0: texts are never cut.
    pub token_count_max: usize,
    pub lower_case: bool,
}

/// Tokens of many texts, one after the other.
pub struct Batch {
    pub ids: Vec<i32>,
    pub type_ids: Vec<i32>,
    /// Begin and end of each token in its text, in bytes; empty unless asked for.
    pub spans: Vec<u32>,
    /// Which word of its text a token belongs to, -1 for none; beside `spans`.
    pub words: Vec<i32>,
    /// Text i has the tokens offsets[i] up to offsets[i + 1].
    pub offsets: Vec<u32>,
    flags: u32,
}

impl Batch {
    pub fn new(flags: u32) -> Self {
        Batch {
            ids: vec![],
            type_ids: vec![],
            spans: vec![],
            words: vec![],
            offsets: vec![0],
            flags,
        }
    }

    pub fn with_spans(&self) -> bool {
        self.flags & WITH_SPANS != 0
    }

    fn with_special_tokens(&self) -> bool {
        self.flags & WITH_SPECIAL_TOKENS != 0
    }

    fn append(&mut self, encoding: &Encoding) {
        self.ids
            .extend(encoding.get_ids().iter().map(|&id| id as i32));
        self.type_ids
            .extend(encoding.get_type_ids().iter().map(|&id| id as i32));
        if self.with_spans() {
            for (begin, end) in encoding.get_offsets() {
                self.spans.extend([*begin as u32, *end as u32]);
            }
            let word_of = |word: &Option<u32>| word.map_or(-1, |word| word as i32);
            self.words.extend(encoding.get_word_ids().iter().map(word_of));
        }
    }

    fn end_text(&mut self) -> Result<(), String> {
        let end = u32::try_from(self.ids.len())
            .map_err(|_| format!("{} tokens do not fit one batch", self.ids.len()))?;
        self.offsets.push(end);
        Ok(())
    }
}

pub struct ShimTokenizer {
    library: Tokenizer,
    bert: Option<BertTokenizer>,
    options: Options,
    /// What stands around one text: ids of special tokens.
    pub leading: Vec<i32>,
    pub trailing: Vec<i32>,
    pub vocabulary_size: usize,
    pub padding_id: Option<u32>,
    pub unknown_id: Option<u32>,
    /// In characters, over the whole vocabulary.
    pub median_token_length: usize,
}

impl ShimTokenizer {
    pub fn open(json: &[u8], options: Options) -> Result<Self, String> {
        let mut library = Tokenizer::from_bytes(json).map_err(|e| e.to_string())?;
        let vocabulary = library.get_vocab(true);
        if library.get_vocab_size(false) == 0 || vocabulary.is_empty() {
            return Err("it has no vocabulary".to_string());
        }
        let padding_id = library.get_padding().map(|padding| padding.pad_id);
        library.with_padding(None);
        library.with_truncation(None).map_err(|e| e.to_string())?;
        let mut lengths: Vec<usize> = vocabulary.keys().map(|t| t.chars().count()).collect();
        lengths.sort_unstable();
        let mut shim = ShimTokenizer {
            bert: BertTokenizer::matching(&library),
            unknown_id: unknown_id(json, &library),
            options,
            leading: vec![],
            trailing: vec![],
            vocabulary_size: vocabulary
                .values()
                .map(|&id| id as usize + 1)
                .max()
                .unwrap_or(0),
            padding_id,
            median_token_length: median(&lengths),
            library,
        };
        shim.probe_special_tokens()?;
        shim.set_truncation()?;
        Ok(shim)
    }

    /// Sees what the template puts around a text by encoding one with and without it.
    fn probe_special_tokens(&mut self) -> Result<(), String> {
        for text in ["a", "the", "1", "\u{4e2d}"] {
            let encode = |specials| self.library.encode_fast(text, specials);
            let bare = encode(false).map_err(|e| e.to_string())?;
            let whole = encode(true).map_err(|e| e.to_string())?;
            let (bare_ids, ids) = (bare.get_ids(), whole.get_ids());
            let found = ids
                .windows(bare_ids.len().max(1))
                .position(|part| part == bare_ids);
            let Some(begin) = found else { continue };
            self.leading = ids[..begin].iter().map(|&id| id as i32).collect();
            self.trailing = ids[begin + bare_ids.len()..]
                .iter()
                .map(|&id| id as i32)
                .collect();
            if whole.get_type_ids().iter().any(|&id| id != 0) {
                self.bert = None;
            }
            return Ok(());
        }
        self.bert = None;
        Ok(())
    }

    fn set_truncation(&mut self) -> Result<(), String> {
        let max = self.options.token_count_max;
        if max == 0 {
            return Ok(());
        }
        self.check_room(false)?;
        let params = TruncationParams {
            max_length: max,
            ..Default::default()
        };
        self.library
            .with_truncation(Some(params))
            .map_err(|e| e.to_string())?;
        Ok(())
    }

    fn check_room(&self, is_pair: bool) -> Result<(), String> {
        let processor = self.library.get_post_processor();
        let special_count = processor.map_or(0, |processor| processor.added_tokens(is_pair));
        match self.options.token_count_max {
            max if max != 0 && max <= special_count => Err(format!(
                "at most {max} tokens leave no room for text beside {special_count} special tokens"
            )),
            _ => Ok(()),
        }
    }

    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.library.token_to_id(token)
    }

    /// Appends the tokens of one text, or of a pair, to `batch`. Bad UTF-8 is replaced by U+FFFD.
    pub fn encode(
        &self,
        text: &[u8],
        pair: Option<&[u8]>,
        batch: &mut Batch,
    ) -> Result<(), String> {
        let text = self.prepare(text);
        if pair.is_some() || batch.with_spans() || !self.encode_as_bert(&text, batch) {
            let input: EncodeInput = match pair {
                None => text.as_ref().into(),
                Some(pair) => {
                    self.check_room(true)?;
                    (text.as_ref(), self.prepare(pair).into_owned()).into()
                }
            };
            let specials = batch.with_special_tokens();
            let encoding = if batch.with_spans() {
                self.library.encode(input, specials)
            } else {
                self.library.encode_fast(input, specials)
            };
            batch.append(&encoding.map_err(|e| e.to_string())?);
        }
        batch.end_text()
    }

    fn prepare<'a>(&self, text: &'a [u8]) -> Cow<'a, str> {
        let text = String::from_utf8_lossy(text);
        if self.options.lower_case {
            Cow::Owned(text.to_lowercase())
        } else {
            text
        }
    }

    /// False, with `batch` as it was, when this text needs the library.
    fn encode_as_bert(&self, text: &str, batch: &mut Batch) -> bool {
        let Some(bert) = &self.bert else { return false };
        let begin = batch.ids.len();
        let specials = batch.with_special_tokens();
        let special_count = if specials {
            self.leading.len() + self.trailing.len()
        } else {
            0
        };
        let count_max = match self.options.token_count_max {
            0 => usize::MAX,
            max => max - special_count,
        };
        if specials {
            batch.ids.extend_from_slice(&self.leading);
        }
        if !bert.append(text, count_max, &mut batch.ids) {
            batch.ids.truncate(begin);
            return false;
        }
        if specials {
            batch.ids.extend_from_slice(&self.trailing);
        }
        batch.type_ids.resize(batch.ids.len(), 0);
        true
    }
}

fn median(sorted: &[usize]) -> usize {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// The token for what the vocabulary lacks: named by word in most models, by number in Unigram.
fn unknown_id(json: &[u8], library: &Tokenizer) -> Option<u32> {
    let document: serde_json::Value = serde_json::from_slice(json).ok()?;
    let model = document.get("model")?;
    if let Some(token) = model.get("unk_token").and_then(|token| token.as_str()) {
        return library.token_to_id(token);
    }
    model
        .get("unk_id")
        .and_then(|id| id.as_u64())
        .and_then(|id| u32::try_from(id).ok())
}
