#include "iolite/text/internal/languages.h"

#include <algorithm>
#include <map>
#include <string>

namespace iolite::text {
namespace internal {
namespace {

// Lucene's set of 33, so that figures compare.
constexpr std::string_view kEnglish =
    "a an and are as at be but by for if in into is it no not of on or such that the their then "
    "there these they this to was will with";
constexpr std::string_view kGerman =
    "aber als am an auch auf aus bei bin bis bist da dann das dass dem den der des die dies diese "
    "diesem diesen dieser dieses doch du durch ein eine einem einen einer eines er es für hat "
    "haben hatte ich ihr im in ist ja kann mit nach nicht noch nur ob oder sein seine sich sie "
    "sind so um und uns unter vom von vor war was wenn werden wie wir wird zu zum zur über";
constexpr std::string_view kFrench =
    "a ai au aux avec c ce ces cette d dans de des du elle elles en est et eux il ils j je l la "
    "le les leur leurs lui m ma mais me même mes moi mon n ne nos notre nous on ont ou par pas "
    "pour qu que qui s sa se ses son sont sur t ta te tes toi ton tu un une vos votre vous y à "
    "été être";
constexpr std::string_view kSpanish =
    "a al como con de del e el ella ellas ellos en entre era es esa ese eso esta este esto está "
    "fue ha han la las le les lo los me mi muy más ni no nos o para pero por que qué se ser si "
    "sin sobre son su sus también te tu un una uno y ya yo";
constexpr std::string_view kItalian =
    "a ad agli ai al alla alle anche c che chi ci come con da dagli dai dal dalla dalle degli dei "
    "del dell della delle di e ed era gli ha hanno i il in io l la le lei lo loro lui ma mi ne "
    "nei nel nella noi non o per più quella quello questa questo se si sono su sua sul sulla suo "
    "ti tu un una uno voi è";
constexpr std::string_view kPortuguese =
    "a ao aos as até com como da das de do dos e ela elas ele eles em entre era essa esse esta "
    "este eu foi há isso já lhe mais mas me mesmo meu muito na nas nem no nos não o os ou para "
    "pela pelas pelo pelos por que quem se sem ser seu seus sua suas são também te tu um uma à às "
    "é";
constexpr std::string_view kDutch =
    "aan al als bij dan dat de der deze die dit doch door een en er haar had heb heeft hem het "
    "hij hoe hun ik in is ja je kan maar me met mijn na naar niet nog nu of om ons ook op over te "
    "ten tot uit van voor was wat we wel werd wie wij wordt ze zich zij zijn zo zou";
constexpr std::string_view kSwedish =
    "alla att av blev bli blir de dem den denna deras dess det detta du där efter ej eller en er "
    "ett från för ha hade han har hans henne hennes hon honom hur här i icke inte jag kan med men "
    "mig min mitt mot ni nu när och om oss på sig sin sitt som så till under upp ut vad var vi "
    "vid är över";
constexpr std::string_view kDanish =
    "af alle at blev bliver da de dem den denne der deres det dette dig din disse du efter eller "
    "en er et for fra ham han hans har havde hende hun hvad hvis hvor i ikke ind jeg kan man med "
    "meget men mig min nu når og også om op os over på sig sin skal som sådan til ud under var vi "
    "vil være";
constexpr std::string_view kNorwegian =
    "alle at av ble blei bli blir da de deg dem den denne der det dette di du eg eit ein eller en "
    "enn er et etter for fra før ha hadde han har hun hva hvis hvor i ikke ikkje jeg kan med men "
    "mot nå når og også om opp oss over på seg sin skal som så til under ut var ved vi vil være "
    "å";
constexpr std::string_view kFinnish =
    "ei en eivät että han he hän ja joka jos jotka kanssa kuin kun me mikä minä mitä mutta myös "
    "mukaan ne niin nyt ole olen oli olla on ovat se sekä sen siinä sinä sitä te tai tämä vaan "
    "vai vaikka";
constexpr std::string_view kRussian =
    "а без более бы был была были было быть в вам вас во вот все вы где да для до его ее если есть "
    "еще же за и из или им их к как ко когда которые который кто ли мне мы на не него нее нет ни "
    "них но о об он она они от по под при с со так там то того тоже только тот ты у уже что чтобы "
    "эта эти это этот я";
constexpr std::string_view kTurkish =
    "ama ancak bazı belki ben bir biri biz bu buna bunu çok çünkü da daha de defa diye en gibi "
    "hem hep hiç için ile ise kez ki kim mi mu mü nasıl ne neden o olan olarak onlar sanki siz "
    "şey şu tüm ve veya ya yani";
constexpr std::string_view kHungarian =
    "a az azt csak de e egy ehhez el ez ezt és ha hanem hogy is így ki kell le lesz meg mert mi "
    "mint most nagyon nem nincs olyan pedig s sem szerint ő ők után vagy van volt";
constexpr std::string_view kRomanian =
    "a acea aceasta acest această al ale am ar are au ca care ce cea cei cel cu că da de despre "
    "din după ea ei el ele este eu fi fost iar în îi la le lui mai ne ni nu o or pe pentru prin "
    "sa sau se sunt să și te un una unei unui vă";
constexpr std::string_view kCatalan =
    "a al als amb aquest aquesta com d de del dels el ella ells els em en entre era es està fins "
    "ha han hi i jo l la les li lo més meu molt n ni no nos o on pel per perquè però què que qui "
    "s se ser seu seva si sobre són també te tu un una uns va és";

std::vector<std::string_view> SplitWords(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace

std::span<const std::string_view> StopWords(std::string_view language_name) {
  static const auto* const lists = new std::map<std::string_view, std::vector<std::string_view>>{
      {"english", SplitWords(kEnglish)},   {"german", SplitWords(kGerman)},
      {"french", SplitWords(kFrench)},     {"spanish", SplitWords(kSpanish)},
      {"italian", SplitWords(kItalian)},   {"portuguese", SplitWords(kPortuguese)},
      {"dutch", SplitWords(kDutch)},       {"swedish", SplitWords(kSwedish)},
      {"danish", SplitWords(kDanish)},     {"norwegian", SplitWords(kNorwegian)},
      {"finnish", SplitWords(kFinnish)},   {"russian", SplitWords(kRussian)},
      {"turkish", SplitWords(kTurkish)},   {"hungarian", SplitWords(kHungarian)},
      {"romanian", SplitWords(kRomanian)}, {"catalan", SplitWords(kCatalan)}};
  const auto found = lists->find(language_name);
  if (found == lists->end()) return {};
  return found->second;
}

Result<Language> FindLanguage(std::string_view name) {
  std::string known;
  for (const Language& language : Languages()) {
    if (name == language.code || name == language.name) return language;
    known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", language.name, language.code);
  }
  return InvalidArgument("There is no language '{}' for texts: {}", name, known);
}

}  // namespace internal

const std::vector<Language>& Languages() {
  static const auto* const languages = [] {
    // Code, name, and Snowball's algorithm.
    auto* list = new std::vector<Language>{{"ar", "arabic", "arabic"},
                                           {"hy", "armenian", "armenian"},
                                           {"eu", "basque", "basque"},
                                           {"my", "burmese", ""},
                                           {"ca", "catalan", "catalan"},
                                           {"zh", "chinese", ""},
                                           {"da", "danish", "danish"},
                                           {"nl", "dutch", "dutch"},
                                           {"en", "english", "english"},
                                           {"fi", "finnish", "finnish"},
                                           {"fr", "french", "french"},
                                           {"de", "german", "german"},
                                           {"el", "greek", "greek"},
                                           {"hi", "hindi", "hindi"},
                                           {"hu", "hungarian", "hungarian"},
                                           {"id", "indonesian", "indonesian"},
                                           {"ga", "irish", "irish"},
                                           {"it", "italian", "italian"},
                                           {"ja", "japanese", ""},
                                           {"km", "khmer", ""},
                                           {"ko", "korean", ""},
                                           {"lo", "lao", ""},
                                           {"lt", "lithuanian", "lithuanian"},
                                           {"ne", "nepali", "nepali"},
                                           {"no", "norwegian", "norwegian"},
                                           {"pt", "portuguese", "portuguese"},
                                           {"ro", "romanian", "romanian"},
                                           {"ru", "russian", "russian"},
                                           {"sr", "serbian", "serbian"},
                                           {"es", "spanish", "spanish"},
                                           {"sv", "swedish", "swedish"},
                                           {"ta", "tamil", "tamil"},
                                           {"th", "thai", ""},
                                           {"tr", "turkish", "turkish"},
                                           {"yi", "yiddish", "yiddish"}};
    for (Language& language : *list) {
      language.has_stop_words = !internal::StopWords(language.name).empty();
    }
    return list;
  }();
  return *languages;
}

}  // namespace iolite::text
