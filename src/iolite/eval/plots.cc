#include "iolite/eval/plots.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "iolite/eval/internal/svg.h"

namespace iolite::eval {
namespace {

using internal::Anchor;
using internal::Axes;
using internal::Point;
using internal::Svg;

constexpr double kPanelWidth = 480;
constexpr double kPlotWidth = 380;
constexpr double kPlotHeight = 320;
constexpr double kLeft = 72;
constexpr double kTop = 58;
constexpr double kBelow = 58;  ///< numbers and name of an axis
constexpr double kLegendLine = 20;
constexpr size_t kNameCharactersMax = 44;

/// Told apart also by people who see few colours (after Okabe and Ito).
constexpr std::array<std::string_view, 7> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#e69f00", "#56b4e9", "#333333"};

std::string_view Colour(size_t i) { return kColours[i % kColours.size()]; }

std::string Queries(int64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "query" : "queries");
}

void DrawKey(Svg& svg, Point at, std::string_view colour, std::string_view name) {
  svg.Line({at.x, at.y - 4}, {at.x + 22, at.y - 4}, colour, 3);
  svg.Text({at.x + 30, at.y}, internal::Shortened(name, kNameCharactersMax));
}

/// What a query gained or lost, greatest gain first.
std::vector<double> SortedDifferences(const EvalResult& result, size_t metric) {
  std::vector<double> differences;
  for (size_t i = 0; i < result.runs[0].per_query.size(); ++i) {
    differences.push_back(result.runs[0].per_query[i].values[metric] -
                          result.runs[1].per_query[i].values[metric]);
  }
  std::sort(differences.begin(), differences.end(), std::greater<>());
  return differences;
}

void DrawDifferences(Svg& svg, Point corner, const EvalResult& result, size_t metric) {
  const std::vector<double> differences = SortedDifferences(result, metric);
  double extent = 0.1;
  for (const double difference : differences) extent = std::max(extent, std::abs(difference));
  const auto count = static_cast<double>(differences.size());
  const Axes axes{corner, kPlotWidth, kPlotHeight, {0, count}, {-extent, extent}};
  DrawAxes(svg, axes, fmt::format("{}, query by query", result.metrics[metric]),
           "queries, sorted by difference",
           fmt::format("difference in {}", result.metrics[metric]));
  const double zero = axes.At(0, 0).y;
  for (size_t i = 0; i < differences.size(); ++i) {
    if (differences[i] == 0) continue;
    const Point end = axes.At(static_cast<double>(i), differences[i]);
    // Narrow bars overlap a little, so that no light shines through; wide ones stand apart.
    const double step = kPlotWidth / count;
    const double width = step > 4 ? step - 1 : step + 0.5;
    svg.Rectangle({end.x, std::min(end.y, zero)}, width > 4 ? width - 1 : width,
                  std::abs(end.y - zero), Colour(differences[i] > 0 ? 0 : 1));
  }
  svg.Line({corner.x, zero}, {corner.x + kPlotWidth, zero}, "#222222");
  const auto won = std::count_if(differences.begin(), differences.end(),
                                 [](double difference) { return difference > 0; });
  const auto lost = std::count_if(differences.begin(), differences.end(),
                                  [](double difference) { return difference < 0; });
  const double legend = corner.y + kPlotHeight + kBelow + 10;
  DrawKey(svg, {corner.x, legend}, Colour(0),
          fmt::format("{}: better with {}", Queries(won),
                      internal::Shortened(result.runs[0].name, 22)));
  DrawKey(svg, {corner.x, legend + kLegendLine}, Colour(1),
          fmt::format("{}: better with {}", Queries(lost),
                      internal::Shortened(result.runs[1].name, 22)));
  svg.Text(
      {corner.x + 30, legend + 2 * kLegendLine},
      fmt::format("{}: equal", Queries(static_cast<int64_t>(differences.size()) - won - lost)));
}

void DrawPrecisionRecall(Svg& svg, Point corner, const EvalResult& result) {
  const Axes axes{corner, kPlotWidth, kPlotHeight};
  DrawAxes(svg, axes, fmt::format("Precision at recall, mean of {}", Queries(result.query_count)),
           "recall", "precision (interpolated)");
  for (size_t run = 0; run < result.runs.size(); ++run) {
    std::vector<Point> points;
    const auto& precision = result.runs[run].precision_at_recall;
    for (size_t level = 0; level < precision.size(); ++level) {
      points.push_back(axes.At(static_cast<double>(level) / 10, precision[level]));
    }
    svg.Polyline(points, Colour(run));
    for (const Point& point : points) svg.Circle(point, 3, Colour(run));
    DrawKey(
        svg,
        {corner.x, corner.y + kPlotHeight + kBelow + 10 + kLegendLine * static_cast<double>(run)},
        Colour(run), result.runs[run].name);
  }
}

}  // namespace

Result<std::string> DrawRetrieval(const EvalResult& result, const std::string& metric) {
  const int64_t place = result.IndexOf(metric);
  if (place < 0) {
    return InvalidArgument("\"{}\" was not measured. There are {}.", metric,
                           fmt::join(result.metrics, ", "));
  }
  const bool pair = result.runs.size() == 2;
  const size_t legend_lines = std::max<size_t>(pair ? 3 : 1, result.runs.size());
  Svg svg(pair ? 2 * kPanelWidth : kPanelWidth,
          kTop + kPlotHeight + kBelow + kLegendLine * static_cast<double>(legend_lines) + 10);
  if (pair) DrawDifferences(svg, {kLeft, kTop}, result, static_cast<size_t>(place));
  DrawPrecisionRecall(svg, {pair ? kPanelWidth + kLeft : kLeft, kTop}, result);
  return std::move(svg).Finish();
}

std::string DrawReliability(const Calibration& calibration, const std::string& title) {
  constexpr double kCountHeight = 80;
  constexpr double kGap = 70;
  int64_t count_max = 1;
  for (const ReliabilityBin& bin : calibration.bins) count_max = std::max(count_max, bin.count);
  const Axes axes{{kLeft, kTop + 22}, kPlotWidth, kPlotHeight};
  const Axes counts{{kLeft, kTop + 22 + kPlotHeight + kGap},
                    kPlotWidth,
                    kCountHeight,
                    {0, 1},
                    {0, static_cast<double>(count_max)}};
  Svg svg(kPanelWidth, counts.corner.y + kCountHeight + kBelow + 2 * kLegendLine + 10);
  svg.Text({kLeft, kTop}, fmt::format("expected calibration error {:.4f}, Brier score {:.4f}",
                                      calibration.expected_error, calibration.brier));
  DrawAxes(svg, axes, "", "confidence", "accuracy");
  svg.Text({kLeft, kTop - 22}, internal::Shortened(title, kNameCharactersMax), Anchor::kStart, 14);
  DrawAxes(svg, counts, "", "confidence", "rows");
  for (const ReliabilityBin& bin : calibration.bins) {
    if (bin.count == 0) continue;
    const Point top = axes.At(bin.low, bin.accuracy);
    const double width = axes.At(bin.high, 0).x - top.x - 2;
    svg.Rectangle({top.x + 1, top.y}, width, axes.At(0, 0).y - top.y, Colour(0), 0.75);
    svg.Circle(axes.At(bin.confidence, bin.accuracy), 3.5, Colour(1));
    const Point count_top = counts.At(bin.low, static_cast<double>(bin.count));
    svg.Rectangle({count_top.x + 1, count_top.y}, width, counts.At(0, 0).y - count_top.y, Colour(6),
                  0.6);
  }
  svg.Line(axes.At(0, 0), axes.At(1, 1), "#222222", 1.5, "5 4");
  const double legend = counts.corner.y + kCountHeight + kBelow + 10;
  svg.Circle({kLeft + 11, legend - 4}, 3.5, Colour(1));
  svg.Text({kLeft + 30, legend}, "accuracy of a bin, at its mean confidence");
  svg.Line({kLeft, legend + kLegendLine - 4}, {kLeft + 22, legend + kLegendLine - 4}, "#222222",
           1.5, "5 4");
  svg.Text({kLeft + 30, legend + kLegendLine}, "confidence that can be believed");
  return std::move(svg).Finish();
}

}  // namespace iolite::eval
