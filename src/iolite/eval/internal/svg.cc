#include "iolite/eval/internal/svg.h"

#include <fmt/format.h>

#include <cmath>

namespace iolite::eval::internal {
namespace {

constexpr std::string_view kGrid = "#dddddd";
constexpr std::string_view kFrame = "#666666";

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default:
        // Control characters are not allowed in XML.
        escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

std::string_view AnchorName(Anchor anchor) {
  if (anchor == Anchor::kStart) return "start";
  return anchor == Anchor::kMiddle ? "middle" : "end";
}

/// A number without trailing zeros; -0 is 0.
std::string Number(double value) {
  return fmt::format("{:g}", std::abs(value) < 1e-12 ? 0.0 : value);
}

}  // namespace

Svg::Svg(double width, double height) {
  body_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:g}\" "
      "viewBox=\"0 0 {0:g} {1:g}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222222\">\n",
      width, height);
  Rectangle({0, 0}, width, height, "#ffffff");
}

void Svg::Rectangle(Point corner, double width, double height, std::string_view colour,
                    double opacity) {
  body_ += fmt::format(
      "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" fill=\"{}\" "
      "fill-opacity=\"{:g}\"/>\n",
      corner.x, corner.y, width, height, colour, opacity);
}

void Svg::Line(Point from, Point to, std::string_view colour, double width,
               std::string_view dashes) {
  body_ += fmt::format(
      "<line x1=\"{:.2f}\" y1=\"{:.2f}\" x2=\"{:.2f}\" y2=\"{:.2f}\" stroke=\"{}\" "
      "stroke-width=\"{:g}\"{}/>\n",
      from.x, from.y, to.x, to.y, colour, width,
      dashes.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dashes));
}

void Svg::Polyline(const std::vector<Point>& points, std::string_view colour) {
  std::string places;
  for (const Point& point : points) places += fmt::format("{:.2f},{:.2f} ", point.x, point.y);
  body_ += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n",
                       places, colour);
}

void Svg::Circle(Point centre, double radius, std::string_view colour) {
  body_ += fmt::format("<circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"{:.2f}\" fill=\"{}\"/>\n", centre.x,
                       centre.y, radius, colour);
}

void Svg::Text(Point at, std::string_view text, Anchor anchor, double size) {
  body_ += fmt::format(
      "<text x=\"{:.2f}\" y=\"{:.2f}\" text-anchor=\"{}\" font-size=\"{:g}\">{}</text>\n", at.x,
      at.y, AnchorName(anchor), size, Escaped(text));
}

void Svg::TextUpwards(Point at, std::string_view text) {
  body_ += fmt::format(
      "<text x=\"{0:.2f}\" y=\"{1:.2f}\" text-anchor=\"middle\" "
      "transform=\"rotate(-90 {0:.2f} {1:.2f})\">{2}</text>\n",
      at.x, at.y, Escaped(text));
}

std::string Svg::Finish() && { return std::move(body_) + "</svg>\n"; }

Point Axes::At(double x, double y) const {
  const double across = (x - x_range.first) / (x_range.second - x_range.first);
  const double up = (y - y_range.first) / (y_range.second - y_range.first);
  return {corner.x + across * width, corner.y + (1 - up) * height};
}

std::vector<double> RoundTicks(std::pair<double, double> range, int count) {
  const double rough = (range.second - range.first) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = power * 10;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (power * factor >= rough * (1 - 1e-9)) {
      step = power * factor;
      break;
    }
  }
  std::vector<double> ticks;
  const double slack = step * 1e-6;
  for (double i = std::ceil((range.first - slack) / step); i * step <= range.second + slack; ++i) {
    ticks.push_back(i * step);
  }
  return ticks;
}

void DrawAxes(Svg& svg, const Axes& axes, std::string_view title, std::string_view x_name,
              std::string_view y_name) {
  const double left = axes.corner.x;
  const double right = left + axes.width;
  const double top = axes.corner.y;
  const double bottom = top + axes.height;
  svg.Text({left, top - 14}, title, Anchor::kStart, 14);
  for (const double tick : RoundTicks(axes.x_range, 5)) {
    const double x = axes.At(tick, 0).x;
    svg.Line({x, top}, {x, bottom}, kGrid);
    svg.Text({x, bottom + 18}, Number(tick), Anchor::kMiddle);
  }
  for (const double tick : RoundTicks(axes.y_range, 5)) {
    const double y = axes.At(0, tick).y;
    svg.Line({left, y}, {right, y}, kGrid);
    svg.Text({left - 8, y + 4}, Number(tick), Anchor::kEnd);
  }
  svg.Line({left, top}, {left, bottom}, kFrame);
  svg.Line({left, bottom}, {right, bottom}, kFrame);
  svg.Text({left + axes.width / 2, bottom + 40}, x_name, Anchor::kMiddle);
  svg.TextUpwards({left - 44, top + axes.height / 2}, y_name);
}

std::string Shortened(std::string_view text, size_t character_count_max) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (!begins || ++characters <= character_count_max) continue;
    // The last character makes room for the ellipsis.
    size_t end = i - 1;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return std::string(text.substr(0, end)) + "…";
  }
  return std::string(text);
}

}  // namespace iolite::eval::internal
