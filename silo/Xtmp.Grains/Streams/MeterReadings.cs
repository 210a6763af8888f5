using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Grains;

/// <summary>
/// What the meters named Xtmp.* of this process say. Counters and histograms count from when the first reader came, and only
/// as long as there is one: without readers a measurement costs nothing.
/// </summary>
public sealed class MeterReadings : IDisposable
{
    private const string MeterPrefix = "Xtmp.";
    private const int MaxNameLength = 64;
    private const int MaxLabels = 16;
    private const int MaxLabelLength = 128;

    // Labels come from code of this process, but some of them count callers.
    private const int MaxSeries = 4_096;

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private MeterListener? _listener;
    private int _readers;

    /// <summary>Dispose it when done reading.</summary>
    public IDisposable Open()
    {
        lock (_lock)
        {
            if (_readers++ == 0)
            {
                _listener = new MeterListener { InstrumentPublished = Enable };
                _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
                _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
                _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
                _listener.Start();
            }
        }

        return new Reader(this);
    }

    /// <summary>All there is now whose name starts with <paramref name="prefix"/>, in order of name and labels.</summary>
    public List<MetricSample> Read(string? prefix)
    {
        lock (_lock)
        {
            _listener?.RecordObservableInstruments();
        }

        return
        [
            .. _series
                .Where(pair => prefix is null || pair.Value.Name.StartsWith(prefix, StringComparison.Ordinal))
                .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => new MetricSample { Name = pair.Value.Name, Value = pair.Value.Read(), MetricUnit = pair.Value.Unit, Labels = pair.Value.Labels }),
        ];
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    private static void Enable(Instrument instrument, MeterListener listener)
    {
        if (instrument.Meter.Name.StartsWith(MeterPrefix, StringComparison.Ordinal))
        {
            listener.EnableMeasurementEvents(instrument);
        }
    }

    private static string Cut(string text, int max) => text.Length <= max ? text : text[..max];

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!double.IsFinite(value))
        {
            return;
        }

        var isTotal = instrument is not (Gauge<int> or Gauge<long> or Gauge<double>) && !instrument.IsObservable;
        if (instrument is Histogram<int> or Histogram<long> or Histogram<double>)
        {
            Find(instrument, ".count", tags)?.Add(1);
            Find(instrument, ".sum", tags)?.Add(value);
        }
        else if (isTotal)
        {
            Find(instrument, string.Empty, tags)?.Add(value);
        }
        else
        {
            Find(instrument, string.Empty, tags)?.Set(value);
        }
    }

    private Series? Find(Instrument instrument, string suffix, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = Cut(instrument.Name, MaxNameLength - suffix.Length) + suffix;
        var key = new StringBuilder(name);
        foreach (var (label, value) in tags)
        {
            key.Append('\n').Append(label).Append('=').Append(value);
        }

        var text = key.ToString();
        return _series.TryGetValue(text, out var known) ? known
            : _series.Count >= MaxSeries ? null
            : _series.GetOrAdd(text, new Series(ToName(name), instrument.Unit is { Length: > 0 and <= 16 } unit ? unit : null, ToLabels(tags)));
    }

    // Names of the schema: lower case, digits, dots and underscores, a letter first.
    private static string ToName(string name)
    {
        var lower = string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter == '.' ? char.ToLowerInvariant(letter) : '_'));
        return char.IsAsciiLetterLower(lower[0]) ? lower : Cut("x" + lower, MaxNameLength);
    }

    private static Dictionary<string, string> ToLabels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (label, value) in tags)
        {
            if (labels.Count < MaxLabels && label.Length is > 0 and <= 64)
            {
                labels[label] = Cut(value?.ToString() ?? string.Empty, MaxLabelLength);
            }
        }

        return labels;
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_readers == 0)
            {
                _listener?.Dispose();
                _listener = null;
                _series.Clear();
            }
        }
    }

    private sealed class Series(string name, string? unit, Dictionary<string, string> labels)
    {
        private readonly Lock _lock = new();
        private double _value;

        public string Name { get; } = name;

        public string? Unit { get; } = unit;

        public ValueMap<string, string> Labels { get; } = labels;

        public void Add(double value)
        {
            lock (_lock)
            {
                _value += value;
            }
        }

        public void Set(double value)
        {
            lock (_lock)
            {
                _value = value;
            }
        }

        public double Read()
        {
            lock (_lock)
            {
                return _value;
            }
        }
    }

    private sealed class Reader(MeterReadings readings) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                readings.Leave();
            }
        }
    }
}
