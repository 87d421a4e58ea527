#include <functional>

#include "iolite/eval/labels.h"

namespace iolite::eval {
namespace {

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }

ClassFigures Totals(std::string name, const std::vector<ClassFigures>& classes) {
  ClassFigures totals{.name = std::move(name)};
  for (const ClassFigures& one : classes) {
    totals.support += one.support;
    totals.predicted += one.predicted;
    totals.correct += one.correct;
  }
  return totals;
}

ClassFigures MeanBy(std::string name, const std::vector<ClassFigures>& classes,
                    const std::function<double(const ClassFigures&)>& weight) {
  ClassFigures mean = Totals(std::move(name), classes);
  double weights = 0;
  for (const ClassFigures& one : classes) {
    weights += weight(one);
    mean.precision += weight(one) * one.precision;
    mean.recall += weight(one) * one.recall;
    mean.f1 += weight(one) * one.f1;
  }
  mean.precision = Share(mean.precision, weights);
  mean.recall = Share(mean.recall, weights);
  mean.f1 = Share(mean.f1, weights);
  return mean;
}

}  // namespace

ClassFigures FiguresOf(std::string name, int64_t support, int64_t predicted, int64_t correct) {
  ClassFigures figures{
      .name = std::move(name), .support = support, .predicted = predicted, .correct = correct};
  const auto right = static_cast<double>(correct);
  figures.precision = Share(right, static_cast<double>(predicted));
  figures.recall = Share(right, static_cast<double>(support));
  figures.f1 = Share(2 * right, static_cast<double>(predicted + support));
  return figures;
}

ClassFigures MacroOf(const std::vector<ClassFigures>& classes) {
  return MeanBy("macro", classes, [](const ClassFigures&) { return 1.0; });
}

ClassFigures WeightedOf(const std::vector<ClassFigures>& classes) {
  return MeanBy("weighted", classes,
                [](const ClassFigures& one) { return static_cast<double>(one.support); });
}

ClassFigures MicroOf(const std::vector<ClassFigures>& classes) {
  const ClassFigures totals = Totals("micro", classes);
  return FiguresOf("micro", totals.support, totals.predicted, totals.correct);
}

}  // namespace iolite::eval
