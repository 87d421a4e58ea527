"""The command line, as a person uses it: every command on real data and a real model."""

import json
import os
import signal
import subprocess
import time
import unittest
from xml.etree import ElementTree

from harness import ANIMALS, MINILM, PROGRAM, SOURCE, Scenario


class FirstTenMinutes(Scenario):
    def test_register_query_embed_search(self):
        self.add_animals()
        rows = self.json_lines("sql", "SELECT count(*) AS n, max(year) AS newest FROM animals")
        self.assertEqual(rows, [{"n": 8, "newest": 2020}])
        result = self.json("embed", "animals", "--model", MINILM, "--columns", "text", "--key", "id")
        self.assertEqual(list(result), ["table", "rows", "embedded", "unchanged", "hidden", "failed", "seconds"])
        self.assertEqual((result["rows"], result["embedded"], result["failed"]), (8, 8, 0))
        hits = self.json_lines("search", "animals", "birds that cannot fly", "-k", "2")
        self.assertEqual({hit["id"] for hit in hits}, {"penguin", "ostrich"})
        first = hits[0]
        self.assertEqual(list(first), ["id", "score", "distance", "retrieved_by", "annotated_by", "row"])
        self.assertEqual(first["retrieved_by"], [{"channel": "vector", "rank": 1, "score": first["score"]}])
        self.assertAlmostEqual(first["score"], 1 - first["distance"], places=6)
        self.assertEqual(list(first["row"]), ["id", "text", "year"])
        self.assertGreaterEqual(hits[0]["score"], hits[1]["score"])

    def test_odd_column_names(self):
        header = ["Row Nr.", 'the "text"', "größe", "select"]
        path = self.write_csv("odd file.csv", header, [[i, text, year, name] for i, (name, text, year) in enumerate(ANIMALS)])
        self.ok("sources", "add", "odd", path)
        described = self.json("sources", "describe", "odd")
        self.assertEqual([c["name"] for c in described["columns"]], header)
        result = self.json("embed", "odd", "--model", MINILM, "--columns", 'the "text"', "--key", "Row Nr.")
        self.assertEqual(result["embedded"], 8)
        hits = self.json_lines("search", "odd", "sea robber", "-k", "1", "--where", '"größe" < 1800', "--select", "select")
        self.assertEqual(hits[0]["row"], {"select": "pirate"})

    def test_both_names_of_a_source_and_result_tables_in_sql(self):
        self.embed_animals()
        self.assertEqual(self.json_lines("sql", "SELECT count(*) n FROM animals.public.animals"), [{"n": 8}])
        table = self.result["table"]
        rows = self.json_lines("sql", f'SELECT _row_id, len(vector) AS d FROM "{table}" ORDER BY 1 LIMIT 1')
        self.assertEqual(rows, [{"_row_id": "bat", "d": 384}])

    def test_search_in_sql(self):
        self.embed_animals()
        rows = self.json_lines(
            "sql", "SELECT a.id, s.score > 0 AS positive FROM search('animals', 'birds that cannot fly', k := 2) s "
                   "JOIN animals a ON a.id = s._row_id ORDER BY a.id")
        self.assertEqual(rows, [{"id": "ostrich", "positive": True}, {"id": "penguin", "positive": True}])
        rows = self.json_lines(
            "sql", f"SELECT _row_id FROM nearest('animals', embed('{MINILM}', 'a person who steals at sea'), 1)")
        self.assertEqual(rows, [{"_row_id": "pirate"}])
        plan = self.ok("sql", "EXPLAIN ANALYZE SELECT * FROM search('animals', 'sea', k := 2)")
        self.assertIn("index", plan.lower())


class Embedding(Scenario):
    def test_running_again_embeds_only_what_changed(self):
        path = self.embed_animals()
        again = self.json("embed", "animals", "--model", MINILM, "--columns", "text", "--key", "id")
        self.assertEqual((again["embedded"], again["unchanged"], again["hidden"]), (0, 8, 0))
        self.assertEqual(again["table"], self.result["table"])
        changed = [list(row) for row in ANIMALS if row[0] != "bee"]  # gone
        changed[0][1] = "a new description of the animal"  # changed
        changed.append(["wolf", "a wild dog that hunts in packs", 2022])  # new
        self.write_csv("animals.csv", ["id", "text", "year"], changed)
        stale = self.run_program("search", "animals", "honey", "-k", "1")
        self.assertEqual(stale.returncode, 0, stale.stderr)
        self.assertIn("warning", stale.stderr)
        third = self.json("embed", "animals", "--model", MINILM, "--columns", "text", "--key", "id")
        self.assertEqual((third["rows"], third["embedded"], third["unchanged"], third["hidden"]), (8, 2, 6, 2))
        hits = self.json_lines("search", "animals", "wild dog", "-k", "100")
        self.assertEqual(hits[0]["id"], "wolf")
        self.assertEqual(len(hits), 8)
        self.assertNotIn("bee", {hit["id"] for hit in hits})

    def test_rows_without_text_are_left_out_and_listed(self):
        path = self.write_csv("t.csv", ["id", "a", "b"], [["1", "one", "two"], ["2", "", ""], ["3", "", "three"]])
        self.ok("sources", "add", "t", path)
        result = self.json("embed", "t", "--model", MINILM, "--columns", "a,b", "--key", "id")
        self.assertEqual((result["rows"], result["embedded"], result["failed"]), (3, 2, 1))
        job = self.json_lines("jobs", "list")[0]
        self.assertEqual((job["state"], job["result"]["failed"]), ("succeeded", 1))
        errors = self.json_lines("jobs", "show", job["id"], "--errors")
        self.assertEqual(errors[0]["row_id"], "2")
        self.assertIn("empty", errors[0]["reason"])

    def test_sql_tables_can_be_embedded(self):
        self.ok("sql", "CREATE TABLE notes (id BIGINT, body TEXT)")
        self.ok("sql", "INSERT INTO notes VALUES (1, 'a person who steals at sea'), (2, 'an insect that makes honey')")
        self.ok("sql", "BEGIN; UPDATE notes SET body = 'bees make honey' WHERE id = 2; COMMIT")
        result = self.json("embed", "notes", "--model", MINILM, "--columns", "body", "--key", "id")
        self.assertEqual(result["embedded"], 2)
        hits = self.json_lines("search", "notes", "honey", "-k", "1", "--where", "id > 0")
        self.assertEqual((hits[0]["id"], hits[0]["row"]["body"]), ("2", "bees make honey"))
        self.ok("sql", "DELETE FROM notes WHERE id = 1")
        again = self.json("embed", "notes", "--model", MINILM, "--columns", "body", "--key", "id")
        self.assertEqual((again["unchanged"], again["hidden"]), (1, 1))

    def test_a_killed_run_continues_and_ctrl_c_stops_cleanly(self):
        rows = [[i, f"{ANIMALS[i % 8][1]} number {i}"] for i in range(6000)]
        self.ok("sources", "add", "many", self.write_csv("many.csv", ["id", "text"], rows))
        command = [PROGRAM, "embed", "many", "--model", MINILM, "--columns", "text", "--key", "id",
                   "--set", "embed.window_row_count=256", "--set", "embed.part_row_count=256"]
        environment = {**os.environ, "IOLITE_DB": str(self.database)}
        for signal_number in (signal.SIGKILL, signal.SIGINT):
            process = subprocess.Popen(command, env=environment, cwd=self.folder, stderr=subprocess.PIPE, text=True)
            self.wait_for_parts(process)
            process.send_signal(signal_number)
            _, stderr = process.communicate(timeout=120)
            if signal_number == signal.SIGINT:
                self.assertEqual(process.returncode, 1, stderr)
                self.assertIn("cancel", stderr.lower())
        result = self.json(*command[1:])
        self.assertEqual(result["rows"], 6000)
        self.assertLess(result["embedded"], 6000, "finished parts of the killed runs are used")
        self.assertEqual(self.json_lines("sql", f'SELECT count(*) n, count(DISTINCT _row_id) d FROM "{result["table"]}"'),
                         [{"n": 6000, "d": 6000}])
        states = [job["state"] for job in self.json_lines("jobs", "list")]
        self.assertEqual(states[0], "succeeded")
        self.assertNotIn("running", states)

    def wait_for_parts(self, process):
        before = len(list(self.database.glob("results/*.part-*")))
        for _ in range(600):
            if len(list(self.database.glob("results/*.part-*"))) > before + 1 or process.poll() is not None:
                return
            time.sleep(0.1)
        self.fail("the run wrote no part within a minute")

    def test_cancel_from_another_process(self):
        rows = [[i, f"{ANIMALS[i % 8][1]} number {i}"] for i in range(20000)]
        self.ok("sources", "add", "many", self.write_csv("many.csv", ["id", "text"], rows))
        process = subprocess.Popen(
            [PROGRAM, "embed", "many", "--model", MINILM, "--columns", "text", "--key", "id",
             "--set", "embed.window_row_count=256", "--set", "embed.part_row_count=256"],
            env={**os.environ, "IOLITE_DB": str(self.database)}, cwd=self.folder, stderr=subprocess.PIPE, text=True)
        self.wait_for_parts(process)
        refused = self.fails("sources", "remove", "many", says="process")
        self.assertIn(str(process.pid), refused)
        job = self.json_lines("jobs", "list")[0]
        self.assertEqual(job["state"], "running")
        self.assertGreater(job["rows_total"], 0)
        self.ok("jobs", "cancel", job["id"])
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, stderr)
        self.assertEqual(self.json("jobs", "show", job["id"])["state"], "cancelled")


class Searching(Scenario):
    def test_filters_give_min_k_matches(self):
        self.embed_animals()
        for where, matches in [("year > 2000", 5), ("year > 2014", 2), ("year = 1700", 1), ("year > 3000", 0)]:
            hits = self.json_lines("search", "animals", "bird", "-k", "4", "--where", where)
            self.assertEqual(len(hits), min(4, matches), where)

    def test_k_of_zero_and_of_many(self):
        self.embed_animals()
        self.assertEqual(self.json_lines("search", "animals", "bird", "-k", "0"), [])
        self.assertEqual(len(self.json_lines("search", "animals", "bird", "-k", "1000000")), 8)

    def test_by_vector_and_by_example(self):
        self.embed_animals()
        like = self.json_lines("search", "animals", "--like", "penguin", "-k", "1")
        self.assertEqual(like[0]["id"], "ostrich")
        vector = self.json_lines("sql", f'SELECT vector FROM "{self.result["table"]}" WHERE _row_id = \'bee\'')[0]["vector"]
        hits = self.json_lines("search", "animals", "--vector", json.dumps(vector), "-k", "1")
        self.assertEqual(hits[0]["id"], "bee")
        self.assertAlmostEqual(hits[0]["score"], 1, places=5)

    def test_explanation(self):
        self.embed_animals()
        done = self.run_program("search", "animals", "bird", "-k", "2", "--where", "year > 2000", "--explain")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = done.stdout + done.stderr
        for word in ("filter", "index", "ms", "5"):
            self.assertIn(word, text)

    def test_a_batch_of_queries(self):
        self.embed_animals()
        self.write("q.jsonl", '{"_id": "a", "text": "sea robber"}\n{"_id": "b", "text": "honey"}\n')
        done = self.run_program("search", "animals", "--queries", "q.jsonl", "-k", "1", "--threads", "1",
                                "--output", "parquet=hits.parquet")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("queries/s", done.stderr)
        rows = self.json_lines("sql", "SELECT query_id, rank, id FROM 'hits.parquet' ORDER BY 1")
        self.assertEqual(rows, [{"query_id": "a", "rank": 1, "id": "pirate"}, {"query_id": "b", "rank": 1, "id": "bee"}])
        exact = self.json_lines("search", "animals", "--queries", "q.jsonl", "-k", "1", "--exact")
        self.assertEqual([hit["id"] for hit in exact], ["pirate", "bee"])
        aimed = self.json_lines("search", "animals", "--queries", "q.jsonl", "-k", "1", "--target-recall", "0.9")
        self.assertEqual([hit["id"] for hit in aimed], ["pirate", "bee"])

    def test_a_batch_of_vectors_from_parquet(self):
        self.ok("sql", "COPY (SELECT range::VARCHAR AS id, [cos(range), sin(range)]::FLOAT[] AS vector FROM range(300)) TO 'v.parquet'")
        self.ok("import", "points", "--vectors", "v.parquet", "--key", "id")
        asked = self.json_lines("search", "points", "--queries", "v.parquet", "-k", "1")
        self.assertEqual([(hit["query"], hit["id"]) for hit in asked], [(str(i), str(i)) for i in range(300)])
        self.ok("sql", "COPY (SELECT [0.6, 0.8]::DOUBLE[] AS embedding, 'x' AS _id) TO 'doubles.parquet'")
        self.assertEqual(self.json_lines("search", "points", "--queries", "doubles.parquet", "-k", "1")[0]["query"], "x")
        self.ok("sql", "COPY (SELECT 1 AS n) TO 'none.parquet'")
        self.fails("search", "points", "--queries", "none.parquet", says=["none.parquet", "no column of queries"])
        self.fails("search", "points", "--queries", "missing.parquet", says="missing.parquet")

    def test_a_recall_to_aim_at(self):
        self.embed_animals()
        done = self.run_program("search", "animals", "bird", "-k", "2", "--target-recall", "0.95", "--explain")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("qg f32, recall 0.95, plan:", done.stderr)
        self.fails("search", "animals", "bird", "--target-recall", "0.95", "--ef", "20", code=2, says=["--target-recall", "--ef"])
        for share in ("0", "1.01", "-1", "nan", "much"):
            self.fails("search", "animals", "bird", "--target-recall", share, code=2, says=["--target-recall", share])

    def test_results_go_to_stdout_and_words_to_stderr(self):
        self.embed_animals()
        done = self.run_program("search", "animals", "bird", "-k", "1", "--quiet")
        self.assertEqual(done.stderr, "")
        self.assertNotIn("\x1b", done.stdout)


class Imports(Scenario):
    VECTORS = [[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]

    def test_parquet_registers_a_new_source(self):
        self.ok("sql", "COPY (SELECT * FROM (VALUES ('a', [1, 0]::FLOAT[]), ('b', [0, 2]::FLOAT[]), ('c', [3, 3]::FLOAT[])) t(id, vector)) "
                       "TO 'v.parquet'")
        result = self.json("import", "points", "--vectors", "v.parquet", "--key", "id", "--column", "vector")
        self.assertEqual(result["embedded"], 3)
        hits = self.json_lines("search", "points", "--vector", "[0, 1]", "-k", "3")
        self.assertEqual([hit["id"] for hit in hits], ["b", "c", "a"])
        self.assertEqual(hits[0]["row"]["id"], "b")

    def test_npy_and_fvecs_by_position(self):
        self.write_npy("v.npy", self.VECTORS)
        self.write_fvecs("v.fvecs", self.VECTORS)
        for name in ("npy", "fvecs"):
            self.json("import", name, "--vectors", f"v.{name}", "--metric", "l2")
            hits = self.json_lines("search", name, "--vector", "[0, 0]", "-k", "2")
            self.assertEqual([hit["id"] for hit in hits], ["0", "1"])
            self.assertAlmostEqual(hits[1]["distance"], 2, places=5)

    def test_bad_vectors_import_nothing(self):
        self.write_fvecs("nan.fvecs", [[1.0, 0.0], [float("nan"), 1.0]])
        self.fails("import", "bad", "--vectors", "nan.fvecs", says=["Row 2", "NaN"])
        self.write_fvecs("mixed.fvecs", [[1.0, 0.0], [1.0, 0.0, 0.0]])
        self.fails("import", "bad", "--vectors", "mixed.fvecs", says="dimension")
        self.ok("sql", "COPY (SELECT * FROM (VALUES ('a', [1, 0]::FLOAT[]), ('a', [0, 2]::FLOAT[])) t(id, vector)) TO 'twice.parquet'")
        self.fails("import", "bad", "--vectors", "twice.parquet", "--key", "id", says="a")
        self.assertEqual(self.json_lines("tables", "list"), [])
        self.assertEqual(self.json_lines("sources", "list"), [])


class Evaluation(Scenario):
    def test_figures_by_beir_and_trec_files(self):
        self.embed_animals()
        self.write("queries.jsonl", '{"_id": "q1", "text": "sea robber"}\n{"_id": "q2", "text": "honey"}\n{"_id": "q3", "text": "unjudged"}\n')
        self.write("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\tpirate\t1\nq2\tbee\t1\n")
        figures = self.json("eval", "animals", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "-k", "10", "--per-query", "per.jsonl")
        self.assertEqual((figures["queries"], figures["ndcg@10"], figures["recall@10"], figures["map@10"], figures["mrr@10"]), (2, 1, 1, 1, 1))
        self.assertEqual(len((self.folder / "per.jsonl").read_text().splitlines()), 2)
        self.write("trec.qrels", "q1 0 pirate 1\nq2 0 bee 1\n")
        self.write("queries.tsv", "q1\tsea robber\nq2\thoney\n")
        self.assertEqual(self.json("eval", "animals", "--queries", "queries.tsv", "--qrels", "trec.qrels")["ndcg@10"], 1)

    def judged_animals(self):
        self.embed_animals()
        self.write("queries.jsonl", "".join(json.dumps(query) + "\n" for query in (
            {"_id": "q1", "text": "sea robber", "kind": "person"},
            {"_id": "q2", "text": "honey", "kind": "animal"},
            {"_id": "q3", "text": "swims but does not fly", "kind": "animal"})))
        self.write("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\tpirate\t2\nq2\tbee\t1\nq3\tpenguin\t2\nq3\twhale\t1\n")
        self.write("other.run", "q1 Q0 whale 1 2 t\nq1 Q0 pirate 2 1 t\nq2 Q0 bee 1 1 t\nq3 Q0 bee 1 1 t\n")
        return ["--queries", "queries.jsonl", "--qrels", "qrels.tsv"]

    def test_configurations_side_by_side(self):
        files = self.judged_animals()
        compared = ["--compare", "animals", "--compare", "animals,exact,name=scan", "--compare", "run:other.run,name=other"]
        result = self.json("eval", *compared, *files, "-k", "1,3", "--cohort", "kind", "--plot", "three.svg", "--per-query", "per.jsonl")
        self.assertEqual(list(result), ["queries", "configurations", "confidence", "samples", "seed", "comparisons", "seconds"])
        names = [run["name"] for run in result["configurations"]]
        self.assertEqual(names, ["animals", "scan", "other"])
        metrics = [f"{metric}@{k}" for k in (1, 3) for metric in ("ndcg", "recall", "precision", "map", "mrr", "hit_rate")]
        first, _, other = result["configurations"]
        self.assertLessEqual({"name", "run", "target", "queries", "cohorts", "seconds", *metrics}, set(first))
        self.assertEqual([(cohort["cohort"], cohort["queries"]) for cohort in first["cohorts"]], [("animal", 2), ("person", 1)])
        self.assertAlmostEqual(other["mrr@3"], 0.5)
        self.assertEqual(len(result["comparisons"]), 3 * len(metrics))
        pair = next(one for one in result["comparisons"] if (one["metric"], one["first"], one["second"]) == ("mrr@3", "animals", "other"))
        self.assertAlmostEqual(pair["difference"], first["mrr@3"] - other["mrr@3"])
        self.assertLessEqual(pair["low"], pair["difference"])
        self.assertLessEqual(pair["p_value"], pair["p_holm"])
        self.assertEqual(len((self.folder / "per.jsonl").read_text().splitlines()), 9)
        ElementTree.parse(self.folder / "three.svg")
        # Neither the order of configurations nor that of queries changes a figure.
        lines = (self.folder / "queries.jsonl").read_text().splitlines(keepends=True)
        self.write("queries.jsonl", "".join(reversed(lines)))
        again = self.json("eval", *compared[4:], *compared[:4], *files, "-k", "1,3", "--cohort", "kind")
        turned = next(one for one in again["comparisons"] if (one["metric"], one["second"], one["first"]) == ("mrr@3", "animals", "other"))
        self.assertEqual((turned["low"], turned["high"], turned["p_holm"]), (-pair["high"], -pair["low"], pair["p_holm"]))
        for name, value in first.items():
            if "@" in name:
                self.assertEqual(next(run for run in again["configurations"] if run["name"] == "animals")[name], value, name)

    def test_runs_are_kept_exported_and_measured_again(self):
        files = self.judged_animals()
        measured = self.json("eval", "animals", *files, "-k", "1,3", "--export", "animals.run")
        run = measured["run"]
        self.assertEqual([one["run"] for one in self.json_lines("eval", "list")], [run])
        shown = self.json("eval", "show", run)
        self.assertEqual(shown["figures"]["ndcg@3"], measured["ndcg@3"])
        self.assertEqual((shown["task"], shown["name"], shown["queries"]), ("retrieval", "animals", 3))
        self.ok("eval", "export", run, "again.run")
        self.assertEqual((self.folder / "again.run").read_text(), (self.folder / "animals.run").read_text())
        both = self.json("eval", "--compare", f"run:{run}", "--compare", "run:animals.run", "--qrels", "qrels.tsv", "-k", "1,3", "--plot", "two.svg", "--no-keep")
        for one in both["configurations"]:
            self.assertEqual((one["ndcg@3"], one["map@3"], one["run"]), (measured["ndcg@3"], measured["map@3"], None))
        ElementTree.parse(self.folder / "two.svg")
        self.ok("eval", "remove", run)
        self.assertEqual(self.json_lines("eval", "list"), [])
        self.fails("eval", "show", run, says=run)

    def test_labels_and_entities(self):
        self.write_csv("truth.csv", ["id", "topic"], [("1", "a"), ("2", "a"), ("3", "b"), ("4", "b")])
        self.write_csv("guess.csv", ["id", "label", "confidence"], [("1", "a", .9), ("2", "b", .6), ("3", "b", .7), ("9", "b", .5)])
        for name in ("truth", "guess"):
            self.ok("sources", "add", name, f"{name}.csv")
        result = self.json("eval", "labels", "guess", "--truth", "truth", "--truth-label", "topic", "--plot", "reliability.svg")
        self.assertEqual((result["rows"], result["accuracy"], result["confusion"]), (4, 0.5, [[1, 1], [0, 1]]))
        self.assertEqual((result["rows_unpredicted"], result["rows_unknown"]), ({"count": 1, "examples": ["4"]}, {"count": 1, "examples": ["9"]}))
        self.assertAlmostEqual(result["calibration"]["brier"], (.01 + .36 + .09) / 3)
        self.assertEqual([figures["name"] for figures in result["classes"]], ["a", "b"])
        ElementTree.parse(self.folder / "reliability.svg")
        self.write("tags.jsonl", '{"id": 1, "tags": ["B-PER", "I-PER", "O", "B-LOC"]}\n')
        self.write("tagged.jsonl", '{"id": 1, "tags": "B-PER I-PER O O"}\n')
        for name in ("tags", "tagged"):
            self.ok("sources", "add", name, f"{name}.jsonl")
        result = self.json("eval", "entities", "tagged", "--truth", "tags")
        self.assertEqual((result["layout"], result["micro"]["precision"], result["micro"]["recall"]), ("tags", 1, 0.5))
        self.assertEqual([run["task"] for run in self.json_lines("eval", "list")], ["entities", "classification"])

    def test_scifact(self):
        folder = SOURCE / "../shared/data/scifact"
        if not folder.exists():
            self.skipTest("SciFact is not there: ../shared/data/scifact")
        self.ok("sources", "add", "scifact", folder / "corpus.jsonl")
        self.ok("embed", "scifact", "--model", MINILM, "--columns", "title,text", "--key", "_id", "--precision", "f32")
        figures = self.json("eval", "scifact", "--queries", folder / "queries.jsonl", "--qrels", folder / "qrels/test.tsv", "-k", "10")
        self.assertEqual(figures["queries"], 300)
        self.assertAlmostEqual(figures["ndcg@10"], 0.645, delta=0.005)


class Tables(Scenario):
    def test_list_describe_verify_drop(self):
        self.embed_animals()
        table = self.json_lines("tables", "list")[0]
        self.assertEqual((table["name"], table["rows"], table["dimension"], table["problem"]), (self.result["table"], 8, 384, ""))
        self.assertEqual(self.json("tables", "describe", "animals")["model"], MINILM)
        self.assertEqual(self.json_lines("tables", "verify", "animals"), [])
        self.ok("tables", "drop", self.result["table"])
        self.assertEqual(self.json_lines("tables", "list"), [])
        self.assertEqual(list(self.database.glob(f"results/{self.result['table']}*")), [])

    def test_a_damaged_index_means_a_scan_and_is_repaired(self):
        self.embed_animals()
        index = next(self.database.glob("results/*.idx.qg"))
        index.write_bytes(index.read_bytes()[:100])
        done = self.run_program("search", "animals", "honey", "-k", "1", "--output", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["id"], "bee")
        self.assertIn("warning", done.stderr)
        found = self.run_program("tables", "verify", "animals", "--output", "json")
        self.assertEqual(found.returncode, 1)
        self.assertFalse(json.loads(found.stdout.splitlines()[0])["fatal"])
        self.ok("tables", "repair", "animals")
        self.assertEqual(self.json_lines("tables", "verify", "animals"), [])

    def test_damaged_rows_are_named_and_refused(self):
        self.embed_animals()
        rows = next(self.database.glob("results/*.parquet"))
        data = bytearray(rows.read_bytes())
        data[len(data) // 2] ^= 0x40
        rows.write_bytes(data)
        found = self.run_program("tables", "verify", "animals", "--output", "json")
        self.assertEqual(found.returncode, 1)
        finding = json.loads(found.stdout.splitlines()[0])
        self.assertTrue(finding["fatal"])
        self.assertIn(rows.name, finding["file"])


class Everything(Scenario):
    def test_lists_are_empty_but_right_in_a_new_database(self):
        self.add_animals()
        for command in (["tables", "list"], ["jobs", "list"], ["models", "list"]):
            self.assertEqual(self.json_lines(*command), [])
        self.assertEqual([s["name"] for s in self.json_lines("sources", "list")], ["animals"])

    def test_models(self):
        shown = self.json("models", "show", MINILM)
        self.assertEqual((shown["architecture"], shown["dimension"]), ("bert", 384))
        self.json("models", "pull", MINILM)
        self.assertEqual(len(self.json_lines("models", "list")), 1)
        self.json("models", "remove", self.json_lines("models", "list")[0]["id"])
        self.assertEqual(self.json_lines("models", "list"), [])

    def test_doctor_and_settings(self):
        self.add_animals()
        findings = self.json_lines("doctor")
        self.assertIn("processor", {finding["name"] for finding in findings})
        settings = {s["key"]: s for s in self.json_lines("settings", "list", environment={"IOLITE_THREADS__COUNT": "1"})}
        self.assertEqual((settings["threads.count"]["value"], settings["threads.count"]["origin"]), ("1", "environment"))

    def test_help_has_an_example_for_every_command(self):
        commands = [[], ["sources"], ["sources", "add"], ["sources", "list"], ["sources", "describe"], ["sources", "remove"],
                    ["sql"], ["models"], ["models", "pull"], ["models", "list"], ["models", "show"], ["models", "remove"],
                    ["embed"], ["import"], ["search"], ["eval"], ["eval", "list"], ["eval", "show"],
                    ["eval", "export"], ["eval", "remove"], ["eval", "labels"], ["eval", "entities"], ["tables"], ["tables", "list"], ["tables", "describe"],
                    ["tables", "verify"], ["tables", "repair"], ["tables", "drop"], ["jobs"], ["jobs", "list"],
                    ["jobs", "show"], ["jobs", "cancel"], ["settings", "list"], ["doctor"], ["completion"]]
        for command in commands:
            text = self.ok(*command, "--help")
            self.assertIn("iolite " + " ".join(command), text)
            self.assertTrue("Example" in text or "first session" in text, text)

    def test_completion_scripts(self):
        for shell in ("bash", "zsh"):
            script = self.write(f"c.{shell}", self.ok("completion", shell))
            if shell == "bash":
                subprocess.run(["bash", "-n", script], check=True)
                done = subprocess.run(
                    ["bash", "-c", f"source {script}; COMP_WORDS=(iolite sources ''); COMP_CWORD=2; _iolite; echo ${{COMPREPLY[@]}}"],
                    capture_output=True, text=True, check=True)
                for word in ("add", "list", "describe", "remove"):
                    self.assertIn(word, done.stdout.split())
        self.assertIn("complete -c iolite", self.ok("completion", "fish"))


if __name__ == "__main__":
    unittest.main(verbosity=1)
