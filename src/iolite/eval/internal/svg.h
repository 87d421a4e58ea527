#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace iolite::eval::internal {

/// A point of a drawing, in pixels from its upper left corner.
struct Point {
  double x = 0;
  double y = 0;
};

enum class Anchor { kStart, kMiddle, kEnd };

/// A drawing in SVG, piece upon piece.
class Svg {
 public:
  Svg(double width, double height);

  void Rectangle(Point corner, double width, double height, std::string_view colour,
                 double opacity = 1);
  void Line(Point from, Point to, std::string_view colour, double width = 1,
            std::string_view dashes = "");
  void Polyline(const std::vector<Point>& points, std::string_view colour);
  void Circle(Point centre, double radius, std::string_view colour);
  /// `size` in pixels; text is escaped.
  void Text(Point at, std::string_view text, Anchor anchor = Anchor::kStart, double size = 12);
  /// Text that reads upwards, centred at a point.
  void TextUpwards(Point at, std::string_view text);

  std::string Finish() &&;

 private:
  std::string body_;
};

/// A rectangle of a drawing in which values are shown: `x` from left to right, `y` upwards.
struct Axes {
  Point corner;  ///< upper left
  double width = 0;
  double height = 0;
  std::pair<double, double> x_range{0, 1};
  std::pair<double, double> y_range{0, 1};

  Point At(double x, double y) const;
};

/// Round values within a range, about `count` of them.
std::vector<double> RoundTicks(std::pair<double, double> range, int count);
/// A frame with a grid, numbers beside it, a title above and names of both axes.
void DrawAxes(Svg& svg, const Axes& axes, std::string_view title, std::string_view x_name,
              std::string_view y_name);
/// `text`, or its beginning with an ellipsis where it has more characters.
std::string Shortened(std::string_view text, size_t character_count_max);

}  // namespace iolite::eval::internal
