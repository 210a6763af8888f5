using System.Text.Json;
using System.Text.Json.Nodes;
using Xtmp.Cli.Calls;
using Xtmp.Cli.Schema.Vectors;
using Xtmp.Cli.Tests.Schema;
using Xtmp.Schema;

namespace Xtmp.Cli.Tests;

/// <summary>The codec over the schema's model, held against every published vector.</summary>
public sealed class JsonCodecTests
{
    [Theory]
    [InlineData("schema/xtmp.yaml")]
    [InlineData("schema/bitchat.yaml")]
    public void encodes_and_shows_every_valid_vector(string schema)
    {
        SchemaModel model = SchemaReader.Read(schema, File.ReadAllText(Repository.Path(schema)), _ => null).Model!;
        IReadOnlyDictionary<string, object> types = TypeGraph.Of(model).All;
        int checkedVectors = 0;
        foreach (StructModel shape in model.Structs.Concat(model.Messages.Select(m => m.Shape)))
        {
            foreach (var vector in new VectorSet(types, shape).Valid())
            {
                string text = Runs.Expand(vector.Json!.ToJsonString());
                if (text.Contains("$unknown", StringComparison.Ordinal) || text.Contains("$tag", StringComparison.Ordinal))
                {
                    continue;
                }

                using JsonDocument json = JsonDocument.Parse(text);
                Assert.Equal(vector.Bytes, new ValueEncoder(types).Encode(shape, new RequestReader(types).Read(shape, json.RootElement, "")));
                string shown = new ReplyReader(types, vector.Bytes).Read(shape).ToJsonString();
                using JsonDocument again = JsonDocument.Parse(shown);
                if (!shown.Contains("[redacted]", StringComparison.Ordinal))
                {
                    Assert.Equal(vector.Bytes, new ValueEncoder(types).Encode(shape, new RequestReader(types).Read(shape, again.RootElement, "")));
                }

                checkedVectors++;
            }
        }

        Assert.True(checkedVectors > 50, $"{checkedVectors} vectors were found.");
    }
}
